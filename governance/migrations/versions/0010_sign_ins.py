"""When each person last signed in, and signed out of every browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """One table. Who is signed in now has no row and goes on until their session's own end."""
    person = sa.ForeignKey("person.subject", name="fk_sign_in_subject_person")
    moments = ("signed_out_at", "forgotten_at")
    op.create_table(
        "sign_in",
        sa.Column("subject", sa.String(200), person, primary_key=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in moments),
    )
