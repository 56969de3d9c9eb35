"""The airlock in full: what answers said (to match a table's cells to them), what reviewers need beside a file, what a
release proves, and what people are told.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

NAME, DIGEST, MOMENT = sa.String(200), sa.String(64), sa.DateTime(timezone=True)


def upgrade() -> None:
    """One function a subject."""
    _add_provenance()
    _add_review()
    _add_release()
    _add_service()


def _add_provenance() -> None:
    """Published answers by receipt, which of them a file's cells were matched to, and the tables that left."""
    receipt = sa.ForeignKey("query_receipt.id", name="fk_query_answer_receipt_id_query_receipt")
    op.create_table(
        "query_answer",
        sa.Column("receipt_id", NAME, receipt, primary_key=True),
        sa.Column("cut", DIGEST, nullable=False),
        sa.Column("kept_until", MOMENT, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_query_answer_kept_until", "query_answer", ["kept_until"])
    file = sa.ForeignKey("egress_file.id", name="fk_egress_match_file_id_egress_file")
    op.create_table(
        "egress_match",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("file_id", sa.Integer, file, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("turn", "number")),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("cut", sa.String, nullable=False, server_default=""),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("file_id", "turn", "number", name="uq_egress_match_file_id"),
    )
    request = sa.ForeignKey("egress_request.id", name="fk_released_table_request_id_egress_request")
    project = sa.ForeignKey("project.slug", name="fk_released_table_project_slug_project")
    op.create_table(
        "released_table",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("request_id", NAME, request, nullable=False),
        sa.Column("project_slug", NAME, project, nullable=False),
        sa.Column("file_name", NAME, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("cut", sa.String, nullable=False, server_default=""),
        sa.Column("released_at", MOMENT, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_released_table_cut", "released_table", ["cut", "id"])
    for column in ("request_id", "project_slug"):
        op.create_index(f"ix_released_table_{column}", "released_table", [column])


def _add_review() -> None:
    """Groups of files, lineage, deadlines, budgets, what a project means to publish.

    The new columns that name a row of another table carry no foreign key: SQLite can only add one by writing the table
    anew, and other tables point at these.
    """
    op.add_column("project", sa.Column("sensitive", sa.Boolean, nullable=False, server_default=sa.false()))
    for column in (
        *_words_of_a_group(),
        sa.Column("intended_output_id", sa.Integer),
        sa.Column("intended_reason", sa.Text, nullable=False, server_default=""),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("asked_by", NAME, nullable=False, server_default=""),
        *(sa.Column(name, MOMENT) for name in ("retry_at", "submitted_at", "due_at", "moved_at")),
    ):
        op.add_column("egress_request", column)
    op.execute("UPDATE egress_request SET moved_at = changed_at")
    op.execute("UPDATE egress_request SET submitted_at = changed_at, due_at = changed_at WHERE turn > 0")
    op.create_index("ix_egress_request_queue", "egress_request", ["state", "due_at", "id"])
    op.create_index("ix_egress_request_own", "egress_request", ["author", "changed_at", "id"])
    op.add_column("egress_file", sa.Column("group_id", sa.Integer))
    op.add_column("egress_file", sa.Column("replaces_id", sa.Integer))
    op.add_column("egress_file", sa.Column("cells", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    _create_groups_and_turns()
    project = sa.ForeignKey("project.slug", name="fk_intended_output_project_slug_project")
    op.create_table(
        "intended_output",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("project_slug", NAME, project, nullable=False),
        sa.Column("title", NAME, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
    )
    op.create_index("ix_intended_output_project_slug", "intended_output", ["project_slug"])


def _words_of_a_group() -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column("variables", sa.Text, nullable=False, server_default=""),
        sa.Column("population", sa.Text, nullable=False, server_default=""),
        sa.Column("people", sa.BigInteger),
        sa.Column("earlier", sa.Text, nullable=False, server_default=""),
    ]


def _create_groups_and_turns() -> None:
    request = sa.ForeignKey("egress_request.id", name="fk_egress_group_request_id_egress_request")
    op.create_table(
        "egress_group",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("request_id", NAME, request, nullable=False),
        sa.Column("name", NAME, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("context", "controls")),
        *_words_of_a_group(),
        sa.Column("withdrawn_turn", sa.Integer),
    )
    op.create_index("ix_egress_group_request_id", "egress_group", ["request_id"])
    request = sa.ForeignKey("egress_request.id", name="fk_egress_turn_request_id_egress_request")
    op.create_table(
        "egress_turn",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("request_id", NAME, request, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("submitted_at", "due_at")),
        sa.Column("words", sa.Text, nullable=False),
        sa.UniqueConstraint("request_id", "turn", name="uq_egress_turn_request_id"),
    )


def _add_release() -> None:
    """Both digests of a released file, links for its author, incidents."""
    op.add_column("egress_release", sa.Column("recall_marked_at", MOMENT))
    op.create_table(
        "egress_released_file",
        sa.Column("id", sa.Integer, primary_key=True),
        _refer("egress_released_file", "release_id", "egress_release", "id", sa.Integer),
        _refer("egress_released_file", "file_id", "egress_file", "id", sa.Integer),
        sa.Column("name", NAME, nullable=False),
        sa.Column("approved_sha256", DIGEST, nullable=False),
        sa.Column("released_sha256", DIGEST, nullable=False),
        sa.Column("released_size", sa.Integer, nullable=False),
    )
    op.create_table(
        "release_link",
        sa.Column("id", sa.Integer, primary_key=True),
        _refer("release_link", "request_id", "egress_request", "id", NAME),
        sa.Column("token_sha256", DIGEST, nullable=False),
        sa.Column("made_by", NAME, nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("made_at", "expires_at")),
        sa.Column("uses_left", sa.Integer, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.UniqueConstraint("token_sha256", name="uq_release_link_token_sha256"),
    )
    _create_incidents()
    indexed = (
        ("egress_released_file", "release_id"),
        ("egress_released_file", "file_id"),
        ("release_link", "request_id"),
        ("incident", "state"),
        ("incident", "project_slug"),
        ("incident", "request_id"),
        ("incident_note", "incident_id"),
    )
    for table, column in indexed:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _create_incidents() -> None:
    op.create_table(
        "incident",
        sa.Column("id", NAME, primary_key=True),
        *(sa.Column(name, NAME, nullable=False) for name in ("kind", "state")),
        _refer("incident", "project_slug", "project", "slug", NAME),
        _refer("incident", "request_id", "egress_request", "id", NAME, nullable=True),
        sa.Column("opened_by", NAME, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("closed_by", NAME, nullable=False),
        sa.Column("closed_at", MOMENT),
    )
    op.create_table(
        "incident_note",
        sa.Column("id", sa.Integer, primary_key=True),
        _refer("incident_note", "incident_id", "incident", "id", NAME),
        sa.Column("author", NAME, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
    )


def _refer(
    table: str, column: str, target: str, key: str, kind: sa.types.TypeEngine[Any] | type, *, nullable: bool = False
) -> sa.Column[Any]:
    link = sa.ForeignKey(f"{target}.{key}", name=f"fk_{table}_{column}_{target}")
    return sa.Column(column, kind, link, nullable=nullable)


def _add_service() -> None:
    """Notices, planted outputs, the way in."""
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, primary_key=True),
        _refer("notice", "subject", "person", "subject", NAME),
        _refer("notice", "request_id", "egress_request", "id", NAME),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("mail", NAME, nullable=False),
        sa.Column("mail_tries", sa.Integer, nullable=False),
        sa.Column("mail_at", MOMENT),
        sa.UniqueConstraint("request_id", "kind", "turn", "subject", name="uq_notice_request_id"),
    )
    op.create_index("ix_notice_unread", "notice", ["subject", "read_at", "id"])
    op.create_index("ix_notice_mail", "notice", ["mail", "mail_at", "id"])
    person = sa.ForeignKey("person.subject", name="fk_mail_address_subject_person")
    op.create_table(
        "mail_address",
        sa.Column("subject", NAME, person, primary_key=True),
        sa.Column("address", NAME, nullable=False),
    )
