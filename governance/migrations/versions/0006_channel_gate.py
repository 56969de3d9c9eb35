"""The secret of a workspace's sidecar, as a hash: how the channel gate knows whose connection it is.

Channels opened before this step have none: they belong to workspaces beside the gateway, which need no gate.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """One column and its index."""
    op.add_column("channel", sa.Column("gate_sha256", sa.String(64), nullable=False, server_default=""))
    op.create_index("ix_channel_gate_sha256", "channel", ["gate_sha256"])
