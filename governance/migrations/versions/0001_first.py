"""First schema: people, projects, channels and receipts, the airlock, the audit chain.

Written out table by table and never edited later: a change of governance.store is a new step beside this one.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

from governance.migrations.append_only import create_triggers

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Every table, oldest dependency first, then the append-only triggers."""
    _create_people()
    _create_projects()
    _create_access()
    _create_airlock()
    _create_audit()
    for statement in create_triggers(context.get_context().dialect.name):
        op.execute(statement)


def _name(column: str, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(column, sa.String(200), *more, nullable=False, **options)


def _key(column: str, *more: Any) -> sa.Column[Any]:
    return _name(column, *more, primary_key=True)


def _number_key() -> sa.Column[Any]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _integer(column: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(column, sa.Integer, nullable=nullable)


def _text(column: str) -> sa.Column[Any]:
    return sa.Column(column, sa.Text, nullable=False)


def _digest(column: str) -> sa.Column[Any]:
    return sa.Column(column, sa.String(64), nullable=False)


def _day(column: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(column, sa.Date, nullable=nullable)


def _moment(column: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(column, sa.DateTime(timezone=True), nullable=nullable)


def _refers(column: str, target: str, *, index: bool = False) -> sa.Column[Any]:
    return _name(column, sa.ForeignKey(target), index=index)


def _refers_to_number(column: str, target: str) -> sa.Column[Any]:
    return sa.Column(column, sa.Integer, sa.ForeignKey(target), nullable=False, index=True)


def _create_people() -> None:
    op.create_table(
        "organisation",
        _key("name"),
        _name("kind"),
        _day("agreement_from", nullable=True),
        _day("agreement_until", nullable=True),
    )
    op.create_table(
        "person",
        _key("subject"),
        _name("name"),
        _refers("organisation_name", "organisation.name"),
        _moment("registered_at"),
        _moment("suspended_at", nullable=True),
    )
    op.create_table("person_role", _key("subject", sa.ForeignKey("person.subject")), _key("role"))
    op.create_table(
        "training_record",
        _number_key(),
        _refers("subject", "person.subject", index=True),
        _name("course"),
        _name("certificate"),
        _moment("recorded_at"),
        _day("expires_on"),
    )


def _create_projects() -> None:
    op.create_table(
        "project",
        _key("slug"),
        _name("title"),
        _text("lay_summary"),
        _name("purpose"),
        _name("mode"),
        _name("profile"),
        _name("status"),
        _day("starts_on"),
        _day("ends_on"),
        _moment("created_at"),
    )
    op.create_table(
        "membership",
        _number_key(),
        _refers("project_slug", "project.slug", index=True),
        _refers("subject", "person.subject", index=True),
        _name("role"),
        _day("starts_on"),
        _day("until"),
        _moment("removed_at", nullable=True),
    )
    op.create_table(
        "data_grant",
        _number_key(),
        _refers("project_slug", "project.slug", index=True),
        _name("table_name"),
        _text("columns"),
        _moment("granted_at"),
        _moment("revoked_at", nullable=True),
    )
    op.create_table(
        "extract",
        _number_key(),
        _refers("project_slug", "project.slug", index=True),
        _name("folder"),
        _digest("sha256"),
        _integer("people"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        _moment("created_at"),
    )


def _create_access() -> None:
    op.create_table(
        "channel",
        _key("id"),
        _name("kind"),
        _refers("subject", "person.subject"),
        _refers("project_slug", "project.slug"),
        _digest("token_sha256"),
        _moment("opened_at"),
        _moment("closed_at", nullable=True),
    )
    op.create_table(
        "query_receipt",
        _key("id"),
        _refers("project_slug", "project.slug", index=True),
        _refers("subject", "person.subject", index=True),
        _moment("asked_at"),
        _text("sql"),
        _name("verdict"),
        _name("code"),
        _name("policy_version"),
        sa.Column("extract_sha256", sa.String, nullable=False),
        _integer("rows"),
        _integer("suppressed_rows"),
        _integer("suppressed_cells"),
        sa.Column("answer_sha256", sa.String, nullable=False),
    )


def _create_airlock() -> None:
    op.create_table(
        "egress_request",
        _key("id"),
        _refers("project_slug", "project.slug", index=True),
        _refers("author", "person.subject", index=True),
        _name("state", index=True),
        _integer("turn"),
        _name("title"),
        _text("context"),
        _text("controls"),
        _text("exception_reason"),
        sa.Column("controller", sa.String(200), sa.ForeignKey("person.subject"), nullable=True),
        _integer("controlled_turn", nullable=True),
        _name("problem"),
        _moment("created_at"),
        _moment("changed_at"),
    )
    op.create_table(
        "egress_file",
        _number_key(),
        _refers("request_id", "egress_request.id", index=True),
        _name("name"),
        _name("kind"),
        _digest("sha256"),
        _integer("size"),
        _name("media_type"),
        _integer("added_turn"),
        _integer("withdrawn_turn", nullable=True),
    )
    op.create_table(
        "egress_finding",
        _number_key(),
        _refers_to_number("file_id", "egress_file.id"),
        _integer("turn"),
        _name("check"),
        _name("severity"),
        _text("where"),
        _text("why"),
        _text("fix"),
    )
    op.create_table(
        "egress_vote",
        _number_key(),
        _refers_to_number("file_id", "egress_file.id"),
        _refers("checker", "person.subject", index=True),
        _integer("turn"),
        _digest("sha256"),
        _name("policy_version"),
        _name("decision"),
        _moment("voted_at"),
        _moment("replaced_at", nullable=True),
    )
    op.create_table(
        "egress_comment",
        _number_key(),
        _refers("request_id", "egress_request.id", index=True),
        _refers("author", "person.subject"),
        _integer("turn"),
        _text("text"),
        _name("visibility"),
        _moment("written_at"),
    )
    op.create_table(
        "egress_release",
        _number_key(),
        _name("request_id", sa.ForeignKey("egress_request.id"), unique=True),
        _name("folder"),
        _digest("manifest_sha256"),
        _moment("released_at"),
    )


def _create_audit() -> None:
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        _moment("at"),
        _name("event"),
        _name("actor"),
        sa.Column("project", sa.String, nullable=True),
        _text("detail"),
        _digest("previous"),
        _digest("digest"),
    )
