"""Feasibility questions: protected counts for registered people before they apply."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

NAME, MOMENT = sa.String(200), sa.DateTime(timezone=True)


def upgrade() -> None:
    """One table."""
    person = sa.ForeignKey("person.subject", name="fk_feasibility_question_subject_person")
    op.create_table(
        "feasibility_question",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", NAME, person, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("code", NAME, nullable=False, server_default=""),
        sa.Column("answer", sa.Text, nullable=False, server_default=""),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
    )
    op.create_index("ix_feasibility_question_state", "feasibility_question", ["state", "id"])
    op.create_index("ix_feasibility_question_own", "feasibility_question", ["subject", "asked_at"])
