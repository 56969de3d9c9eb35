"""What passed between browsers and each workspace a day, and whether a project's workspaces have terminals.

Traffic of days before this step is in the audit log only: the first day of this release begins with nothing counted.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """One column and one table."""
    op.add_column("project", sa.Column("terminals", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "workspace_traffic",
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("project_slug", sa.String(200), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("requests", "out_bytes", "into_bytes")),
        sa.PrimaryKeyConstraint("subject", "project_slug", "day", name="pk_workspace_traffic"),
        sa.ForeignKeyConstraint(["subject"], ["person.subject"], name="fk_workspace_traffic_subject_person"),
        sa.ForeignKeyConstraint(["project_slug"], ["project.slug"], name="fk_workspace_traffic_project_slug_project"),
    )
