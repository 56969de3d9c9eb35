"""Alarms over the audit chain with their review, and how far it was looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

NAME, MOMENT = sa.String(200), sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two new tables."""
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, NAME, nullable=False) for name in ("rule", "about")),
        sa.Column("project", sa.String),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("events", "last_seq")),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("at", "raised_at")),
        *(sa.Column(name, NAME, nullable=False) for name in ("state", "looked_by", "closed_by")),
        *(sa.Column(name, MOMENT) for name in ("looked_at", "closed_at")),
        sa.Column("note", sa.Text, nullable=False),
        sa.UniqueConstraint("rule", "about", "last_seq", "at", name="uq_alarm_rule"),
    )
    op.create_index("ix_alarm_state", "alarm", ["state", "id"])
    op.create_index("ix_alarm_newest", "alarm", ["rule", "about", "at"])
    op.create_table(
        "monitoring_mark",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
    )
