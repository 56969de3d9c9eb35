"""Applications for projects with their versions and notices, what is offered, orders for extracts, close-outs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

NAME, DIGEST, MOMENT = sa.String(200), sa.String(64), sa.DateTime(timezone=True)


def upgrade() -> None:
    """One function a table."""
    _create_application()
    _create_application_version()
    _create_application_message()
    _create_application_notice()
    _create_offered_data()
    _create_extract_order()
    _create_close_out()
    _create_close_out_part()


def _create_application() -> None:
    op.create_table(
        "application",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("applicant", NAME, _to("application", "applicant", "person.subject"), nullable=False),
        sa.Column("project_slug", NAME, _to("application", "project_slug", "project.slug")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("moves", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("moved_at", MOMENT, nullable=False),
        sa.Column("approved_digest", DIGEST, nullable=False, server_default=""),
        sa.Column("approved_by", NAME, nullable=False, server_default=""),
        sa.Column("approved_at", MOMENT),
    )
    op.create_index("ix_application_applicant", "application", ["applicant"])
    op.create_index("ix_application_project_slug", "application", ["project_slug"])
    op.create_index("ix_application_state", "application", ["state"])


def _create_application_version() -> None:
    op.create_table(
        "application_version",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "application_id", NAME, _to("application_version", "application_id", "application.id"), nullable=False
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("base", DIGEST, nullable=False, server_default=""),
        sa.Column("saved_by", NAME, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("submitted_at", MOMENT),
        sa.UniqueConstraint("application_id", "number", name="uq_application_version_application_id"),
    )


def _create_application_message() -> None:
    op.create_table(
        "application_message",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "application_id", NAME, _to("application_message", "application_id", "application.id"), nullable=False
        ),
        sa.Column("author", NAME, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
    )
    op.create_index("ix_application_message_application_id", "application_message", ["application_id"])


def _create_application_notice() -> None:
    op.create_table(
        "application_notice",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", NAME, _to("application_notice", "subject", "person.subject"), nullable=False),
        sa.Column(
            "application_id", NAME, _to("application_notice", "application_id", "application.id"), nullable=False
        ),
        sa.Column("move", sa.Integer, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("mail", NAME, nullable=False),
        sa.Column("mail_tries", sa.Integer, nullable=False),
        sa.Column("mail_at", MOMENT),
        sa.UniqueConstraint("application_id", "kind", "move", "subject", name="uq_application_notice_application_id"),
    )
    op.create_index("ix_application_notice_mail", "application_notice", ["mail", "mail_at", "id"])
    op.create_index("ix_application_notice_unread", "application_notice", ["subject", "read_at", "id"])


def _create_offered_data() -> None:
    op.create_table(
        "offered_data",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
    )


def _create_extract_order() -> None:
    op.create_table(
        "extract_order",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("project_slug", NAME, _to("extract_order", "project_slug", "project.slug"), nullable=False),
        sa.Column("application_id", NAME, _to("extract_order", "application_id", "application.id"), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("code", NAME, nullable=False, server_default=""),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("ordered_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.UniqueConstraint("application_id", name="uq_extract_order_application_id"),
    )
    op.create_index("ix_extract_order_project_slug", "extract_order", ["project_slug"])
    op.create_index("ix_extract_order_state", "extract_order", ["state"])


def _create_close_out() -> None:
    op.create_table(
        "close_out",
        sa.Column("project_slug", NAME, _to("close_out", "project_slug", "project.slug"), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ordered_by", NAME, nullable=False),
        sa.Column("ordered_at", MOMENT, nullable=False),
        sa.Column("certificate", sa.Text, nullable=False, server_default=""),
        sa.Column("certified_at", MOMENT),
    )


def _create_close_out_part() -> None:
    op.create_table(
        "close_out_part",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "project_slug", NAME, _to("close_out_part", "project_slug", "close_out.project_slug"), nullable=False
        ),
        sa.Column("part", NAME, nullable=False),
        sa.Column("done_by", NAME, nullable=False),
        sa.Column("done_at", MOMENT, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("facts_sha256", DIGEST, nullable=False),
        sa.UniqueConstraint("project_slug", "part", name="uq_close_out_part_project_slug"),
    )


def _to(table: str, column: str, target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, name=f"fk_{table}_{column}_{target.partition('.')[0]}")
