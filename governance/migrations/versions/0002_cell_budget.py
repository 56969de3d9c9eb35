"""The release budget: how many cells a project's members may be told a day, and how many each answer held.

Receipts written before this step count as no cells: the budget begins with this release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

#: What projects on record get. Written out, and not governance.disclosure's: a step is never edited later.
CELLS_A_DAY = sa.text("20000")


def upgrade() -> None:
    """Two columns, and the index from which a person's cells of a day are summed without reading any SQL text."""
    op.add_column("project", sa.Column("budget_cells", sa.Integer, nullable=False, server_default=CELLS_A_DAY))
    op.add_column("query_receipt", sa.Column("cells", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_index("ix_query_receipt_spent", "query_receipt", ["project_slug", "subject", "asked_at", "cells"])
