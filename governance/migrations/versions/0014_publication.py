"""What the public register says of a project: benefit, legal basis, organisations, and where results can be read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

NAME, MOMENT = sa.String(200), sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "project_publication",
        sa.Column("id", sa.Integer, primary_key=True),
        _project("project_publication"),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("public_benefit", "legal_basis", "organisations")),
        *(sa.Column(name, NAME, nullable=False) for name in ("sponsor", "funder")),
        sa.Column("recorded_at", MOMENT, nullable=False),
    )
    op.create_index("ix_project_publication_project_slug", "project_publication", ["project_slug"])
    op.create_table(
        "published_output",
        sa.Column("id", sa.Integer, primary_key=True),
        _project("published_output"),
        sa.Column("title", NAME, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("published_on", sa.Date, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
    )
    op.create_index("ix_published_output_project_slug", "published_output", ["project_slug"])


def _project(table: str) -> sa.Column[str]:
    link = sa.ForeignKey("project.slug", name=f"fk_{table}_project_slug_project")
    return sa.Column("project_slug", NAME, link, nullable=False)
