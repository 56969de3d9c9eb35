"""The history of answers: the sets of people that were asked about on a data cut, and the value each was given.

Answers given before this step left no sketch: the protection against differencing begins with this release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Two tables; one index to read a series from where one stopped, one to count a person's steps on a day."""
    op.create_table(
        "released_series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("cut", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.UniqueConstraint("cut", "name"),
    )
    op.create_table(
        "released_cell",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("series_id", sa.Integer, sa.ForeignKey("released_series.id"), nullable=False),
        sa.Column("sketch", sa.LargeBinary(32), nullable=False),
        sa.Column("people", sa.LargeBinary(32), nullable=True),
        sa.Column("value", sa.Double, nullable=True),
        sa.Column("chain", sa.Integer, nullable=False),
        sa.Column("subject", sa.String(200), sa.ForeignKey("person.subject"), nullable=False),
        sa.Column("project_slug", sa.String(200), sa.ForeignKey("project.slug"), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("receipt_id", sa.String(200), sa.ForeignKey("query_receipt.id"), nullable=False),
    )
    op.create_index("ix_released_cell_series", "released_cell", ["series_id", "id"])
    op.create_index("ix_released_cell_walk", "released_cell", ["subject", "day", "chain"])
