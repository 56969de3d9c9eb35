"""Requests of the airlock have a direction: out of the workspace, or into it, with a purpose. All so far went out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

NAME = sa.String(200)


def upgrade() -> None:
    """Two columns."""
    op.add_column("egress_request", sa.Column("direction", NAME, nullable=False, server_default="out"))
    op.add_column("egress_request", sa.Column("purpose", NAME, nullable=False, server_default=""))
