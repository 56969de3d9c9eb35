"""Standing: agreements, affiliations, courses, project approvals, the kill switch and reminders.

A register of an earlier release keeps working as it stands. Its agreements become rows; each person is affiliated to
the organisation on record; each course on record must be kept in force by whoever took it, as before; each project that
is not closed gets the approvals of its purpose with a note that says where they come from. An empty register gets the
courses a new service begins with.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

NAME, MOMENT = sa.String(200), sa.DateTime(timezone=True)
LONG_AGO = "1970-01-01"  # an agreement without a first day
EVERY_PURPOSE, RESEARCH = "local_planning,local_research,national", "local_research,national"
RULES = (
    ("ethics", RESEARCH),
    ("dpia", EVERY_PURPOSE),
    ("legal_basis", EVERY_PURPOSE),
    ("sponsor", RESEARCH),
    ("controller_agreement", EVERY_PURPOSE),
)
COURSES = (
    ("safe-researcher", "Safe researcher training", "everybody"),
    ("output-checking", "Output checking", "output_checker"),
    ("data-stewardship", "Data stewardship", "data_steward,keyholder"),
)
CARRIED_OVER = (
    "The project ran before approvals were kept here, so this stands in for the paper on file elsewhere. Record the"
    " paper itself; this ends with the project."
)


def upgrade() -> None:
    """One function a subject."""
    _add_people()
    _add_courses()
    _add_approvals()
    _add_stops()
    _add_reminders()


def _refer(table: str, column: str, target: str, key: str) -> sa.Column[Any]:
    link = sa.ForeignKey(f"{target}.{key}", name=f"fk_{table}_{column}_{target}")
    return sa.Column(column, NAME, link, nullable=False)


def _words(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, NAME, nullable=False) for name in names]


def _defaulted(name: str, default: str = "", kind: Any = NAME) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _period() -> list[sa.Column[Any]]:
    return [sa.Column("starts_on", sa.Date, nullable=False), sa.Column("until", sa.Date)]


def _recorded() -> list[sa.Column[Any]]:
    return [sa.Column("recorded_at", MOMENT, nullable=False), sa.Column("withdrawn_at", MOMENT)]


def _number() -> sa.Column[Any]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _create(table: str, *columns: Any, indexed: tuple[str, ...] = ()) -> None:
    op.create_table(table, *columns)
    for column in indexed:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _add_people() -> None:
    op.add_column("organisation", _defaulted("country"))
    table = "organisation_agreement"
    home = _refer(table, "organisation_name", "organisation", "name")
    reference = _words("reference")
    _create(table, _number(), home, *reference, *_period(), *_recorded(), indexed=("organisation_name",))
    op.execute(
        "INSERT INTO organisation_agreement (organisation_name, reference, starts_on, until, recorded_at) "  # noqa: S608
        f"SELECT name, '', COALESCE(agreement_from, DATE('{LONG_AGO}')), agreement_until, CURRENT_TIMESTAMP "
        "FROM organisation ORDER BY name"
    )
    op.drop_column("organisation", "agreement_from")
    op.drop_column("organisation", "agreement_until")
    kinds = "CASE WHEN LOWER(kind) LIKE '%universit%' THEN 'university' WHEN LOWER(kind) LIKE '%council%' OR "
    kinds += "LOWER(kind) LIKE '%local authority%' THEN 'local_authority' WHEN LOWER(kind) LIKE '%nhs%' OR LOWER(kind) "
    kinds += "LIKE '%integrated care%' THEN 'nhs_body' WHEN LOWER(kind) LIKE '%charit%' THEN 'charity' "
    op.execute(f"UPDATE organisation SET kind = {kinds} ELSE 'other' END")  # noqa: S608
    table = "affiliation"
    who = _refer(table, "subject", "person", "subject")
    home = _refer(table, "organisation_name", "organisation", "name")
    _create(table, _number(), who, home, *_period(), *_recorded(), indexed=("subject", "organisation_name"))
    op.execute(
        "INSERT INTO affiliation (subject, organisation_name, starts_on, until, recorded_at) SELECT subject, "
        "organisation_name, DATE(registered_at), NULL, CURRENT_TIMESTAMP FROM person ORDER BY subject"
    )


def _add_courses() -> None:
    for column in (_defaulted("issuer"), sa.Column("taken_on", sa.Date), _defaulted("verified_by")):
        op.add_column("training_record", column)
    op.add_column("training_record", sa.Column("withdrawn_at", MOMENT))
    _create(
        "course",
        sa.Column("code", NAME, primary_key=True),
        *_words("title"),
        sa.Column("months", sa.Integer, nullable=False, server_default=sa.text("12")),
        _defaulted("required_for", kind=sa.Text),
        sa.Column("withdrawn_at", MOMENT),
    )
    course = _refer("course_issuer", "course_code", "course", "code")
    withdrawn = sa.Column("withdrawn_at", MOMENT)
    _create("course_issuer", _number(), course, *_words("name"), _defaulted("pattern"), withdrawn,
            indexed=("course_code",))  # fmt: skip
    op.execute(
        "INSERT INTO course (code, title, months, required_for) SELECT DISTINCT course, course, 0, 'holder' "
        "FROM training_record"
    )
    for code, title, required in COURSES:
        op.execute(
            f"INSERT INTO course (code, title, months, required_for) SELECT '{code}', '{title}', 12, '{required}' "  # noqa: S608
            "WHERE NOT EXISTS (SELECT 1 FROM person)"
        )


def _add_approvals() -> None:
    op.create_table(
        "approval_rule",
        sa.Column("kind", NAME, primary_key=True),
        sa.Column("purposes", sa.Text, nullable=False),
    )
    table = "project_approval"
    note = sa.Column("note", sa.Text, nullable=False)
    project = _refer(table, "project_slug", "project", "slug")
    words = _words("kind", "reference", "party")
    _create(table, _number(), project, *words, *_period(), note, *_words("recorded_by"), *_recorded(),
            indexed=("project_slug",))  # fmt: skip
    for kind, purposes in RULES:
        op.execute(f"INSERT INTO approval_rule (kind, purposes) VALUES ('{kind}', '{purposes}')")  # noqa: S608
        wanted = ", ".join(f"'{purpose}'" for purpose in purposes.split(","))
        op.execute(
            "INSERT INTO project_approval (project_slug, kind, reference, party, starts_on, until, note, "  # noqa: S608
            f"recorded_by, recorded_at) SELECT slug, '{kind}', 'carried over', '', starts_on, ends_on, "
            f"'{CARRIED_OVER}', 'service:upgrade', CURRENT_TIMESTAMP FROM project "
            f"WHERE status <> 'closed' AND purpose IN ({wanted}) "
            "ORDER BY slug"
        )


def _add_stops() -> None:
    _create(
        "stop",
        _number(),
        *_words("scope", "target"),
        sa.Column("reason", sa.Text, nullable=False),
        *_words("stopped_by"),
        sa.Column("stopped_at", MOMENT, nullable=False),
        *_words("resumed_by"),
        sa.Column("resumed_at", MOMENT),
        indexed=("resumed_at",),
    )


def _add_reminders() -> None:
    _create(
        "reminder",
        _number(),
        _refer("reminder", "subject", "person", "subject"),
        *_words("kind", "target", "of"),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT),
        *_words("mail"),
        sa.Column("mail_tries", sa.Integer, nullable=False),
        sa.Column("mail_at", MOMENT),
        sa.UniqueConstraint("subject", "kind", "target", "until", "days", name="uq_reminder_subject"),
    )
    op.create_index("ix_reminder_unread", "reminder", ["subject", "read_at", "id"])
    op.create_index("ix_reminder_mail", "reminder", ["mail", "mail_at", "id"])
