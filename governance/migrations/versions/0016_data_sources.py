"""The list of data sources, as manifests bring them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

NAME = sa.String(200)


def upgrade() -> None:
    """One table and its index."""
    op.create_table(
        "data_source",
        sa.Column("name", NAME, primary_key=True),
        *(sa.Column(name, NAME, nullable=False) for name in ("kind", "title", "publisher", "contact", "contact_role")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("description", "licence", "connections", "approvals")),
        sa.Column("project_slug", NAME, sa.ForeignKey("project.slug", name="fk_data_source_project_slug_project")),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_data_source_project_slug", "data_source", ["project_slug"])
