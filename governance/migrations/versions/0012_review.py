"""The review group: members, rules, rounds with votes and conditions; contributing controllers and their answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

NAME, DIGEST, MOMENT = sa.String(200), sa.String(64), sa.DateTime(timezone=True)


def upgrade() -> None:
    """One function a table."""
    _create_review_rule()
    _create_source_controller()
    _create_controller_delegate()
    _create_review_member()
    _create_controller_answer()
    _create_review_round()
    _create_project_condition()
    _create_review_declaration()
    _create_review_vote()


def _create_review_rule() -> None:
    op.create_table(
        "review_rule",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("proposed_by", NAME, nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("confirmed_by", NAME, nullable=False, server_default=""),
        sa.Column("confirmed_at", MOMENT),
    )


def _create_source_controller() -> None:
    op.create_table(
        "source_controller",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", NAME, nullable=False),
        sa.Column(
            "organisation_name",
            NAME,
            _to("source_controller", "organisation_name", "organisation.name"),
            nullable=False,
        ),
        sa.Column("recorded_by", NAME, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
    )
    op.create_index("ix_source_controller_source", "source_controller", ["source"])


def _create_controller_delegate() -> None:
    op.create_table(
        "controller_delegate",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "organisation_name",
            NAME,
            _to("controller_delegate", "organisation_name", "organisation.name"),
            nullable=False,
        ),
        sa.Column("subject", NAME, _to("controller_delegate", "subject", "person.subject"), nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("appointed_by", NAME, nullable=False),
        sa.Column("appointed_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
    )
    op.create_index("ix_controller_delegate_organisation_name", "controller_delegate", ["organisation_name"])
    op.create_index("ix_controller_delegate_subject", "controller_delegate", ["subject"])


def _create_review_member() -> None:
    op.create_table(
        "review_member",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", NAME, _to("review_member", "subject", "person.subject"), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("appointed_by", NAME, nullable=False),
        sa.Column("appointed_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
    )
    op.create_index("ix_review_member_subject", "review_member", ["subject"])


def _create_controller_answer() -> None:
    op.create_table(
        "controller_answer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("application_id", NAME, _to("controller_answer", "application_id", "application.id"), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("source", NAME, nullable=False),
        sa.Column(
            "organisation_name",
            NAME,
            _to("controller_answer", "organisation_name", "organisation.name"),
            nullable=False,
        ),
        sa.Column("delegate", NAME, _to("controller_answer", "delegate", "person.subject"), nullable=False),
        sa.Column("decision", NAME, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("replaced_at", MOMENT),
    )
    op.create_index("ix_controller_answer_application_id", "controller_answer", ["application_id"])


def _create_review_round() -> None:
    op.create_table(
        "review_round",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("application_id", NAME, _to("review_round", "application_id", "application.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("rule_version", sa.Integer, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("meets_on", sa.Date, nullable=False),
        sa.Column("opened_by", NAME, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("outcome", NAME, nullable=False, server_default=""),
        sa.Column("concluded_by", NAME, nullable=False, server_default=""),
        sa.Column("concluded_at", MOMENT),
        sa.Column("minutes", sa.Text, nullable=False, server_default=""),
        sa.Column("minutes_sha256", DIGEST, nullable=False, server_default=""),
        sa.Column("signed_by", NAME, nullable=False, server_default=""),
        sa.Column("signed_at", MOMENT),
        sa.UniqueConstraint("application_id", "number", name="uq_review_round_application_id"),
    )


def _create_project_condition() -> None:
    op.create_table(
        "project_condition",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("application_id", NAME, _to("project_condition", "application_id", "application.id"), nullable=False),
        sa.Column("round_id", sa.Integer, _to("project_condition", "round_id", "review_round.id"), nullable=False),
        sa.Column("project_slug", NAME, _to("project_condition", "project_slug", "project.slug")),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("owner", NAME, _to("project_condition", "owner", "person.subject"), nullable=False),
        sa.Column("blocking", sa.Boolean, nullable=False),
        sa.Column("written_by", NAME, nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False, server_default=""),
        sa.Column("evidence_at", MOMENT),
        sa.Column("closed_by", NAME, nullable=False, server_default=""),
        sa.Column("closed_at", MOMENT),
    )
    op.create_index("ix_project_condition_application_id", "project_condition", ["application_id"])
    op.create_index("ix_project_condition_project_slug", "project_condition", ["project_slug"])


def _create_review_declaration() -> None:
    op.create_table(
        "review_declaration",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("round_id", sa.Integer, _to("review_declaration", "round_id", "review_round.id"), nullable=False),
        sa.Column("subject", NAME, _to("review_declaration", "subject", "person.subject"), nullable=False),
        sa.Column("conflicted", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("declared_at", MOMENT, nullable=False),
    )
    op.create_index("ix_review_declaration_round_id", "review_declaration", ["round_id"])


def _create_review_vote() -> None:
    op.create_table(
        "review_vote",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("round_id", sa.Integer, _to("review_vote", "round_id", "review_round.id"), nullable=False),
        sa.Column("subject", NAME, _to("review_vote", "subject", "person.subject"), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("decision", NAME, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("voted_at", MOMENT, nullable=False),
        sa.Column("replaced_at", MOMENT),
    )
    op.create_index("ix_review_vote_round_id", "review_vote", ["round_id"])


def _to(table: str, column: str, target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, name=f"fk_{table}_{column}_{target.partition('.')[0]}")
