"""Planted requests, by which output checkers learn what they find, and what each said of one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

NAME, MOMENT = sa.String(200), sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables of their own: a request's row does not tell that it is planted."""
    request = sa.ForeignKey("egress_request.id", name="fk_egress_plant_request_id_egress_request")
    op.create_table(
        "egress_plant",
        sa.Column("request_id", NAME, request, primary_key=True),
        sa.Column("item", NAME, nullable=False),
        sa.Column("leaks", sa.Boolean, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        sa.Column("planted_by", NAME, nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("planted_at", "ends_at")),
        sa.Column("gap", sa.Integer, nullable=False),
    )
    plant = sa.ForeignKey("egress_plant.request_id", name="fk_egress_plant_answer_request_id_egress_plant")
    checker = sa.ForeignKey("person.subject", name="fk_egress_plant_answer_checker_person")
    op.create_table(
        "egress_plant_answer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("request_id", NAME, plant, nullable=False),
        sa.Column("checker", NAME, checker, nullable=False),
        sa.Column("decision", NAME, nullable=False),
        sa.Column("voted_at", MOMENT, nullable=False),
        sa.UniqueConstraint("request_id", "checker", name="uq_egress_plant_answer_request_id"),
    )
    op.create_index("ix_egress_plant_answer_checker", "egress_plant_answer", ["checker"])
