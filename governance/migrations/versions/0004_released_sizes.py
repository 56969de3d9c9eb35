"""How many people were in each set of the history of answers: sets of very different size are not taken for near ones.

Sets on record from before this step have no size and are compared by their sketches alone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """One column."""
    op.add_column("released_cell", sa.Column("contributors", sa.Integer, nullable=False, server_default=sa.text("-1")))
