"""What the register says of agreements, courses, approvals and stops, as frozen values. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.clock import today
from governance.registry.authority import find_project
from governance.registry.stops import list_stops
from governance.standing import Rules, read_rules
from governance.standing.periods import Dated, find_cover
from governance.store.people import Organisation
from governance.store.projects import Project
from governance.store.training import Course


@dataclass(frozen=True)
class AgreementView:
    """One agreement; `state`: in-force, not-started, expired or withdrawn."""

    organisation: str
    kind: str
    country: str
    reference: str
    starts: date
    until: date | None
    state: str


@dataclass(frozen=True)
class CourseView:
    """One course in use; `issuers`: trusted third parties, each with the pattern of its certificates if it has one."""

    code: str
    title: str
    months: int
    required_for: tuple[str, ...]
    issuers: tuple[str, ...]


@dataclass(frozen=True)
class ApprovalView:
    """One approval of a project; `state` as of an agreement, or `missing` for one that is required and not there."""

    project: str
    kind: str
    party: str
    reference: str
    starts: date | None
    until: date | None
    note: str
    state: str


@dataclass(frozen=True)
class StopView:
    """One stop; in force while `resumed_at` is None."""

    scope: str
    target: str
    reason: str
    stopped_by: str
    stopped_at: datetime
    resumed_by: str
    resumed_at: datetime | None


def list_agreements(session: Session) -> list[AgreementView]:
    """Every agreement by organisation, newest first."""
    rows = session.scalars(select(Organisation).order_by(Organisation.name))
    return [
        AgreementView(row.name, row.kind, row.country, one.reference, one.starts_on, one.until, state_of(one))
        for row in rows
        for one in reversed(row.agreements)
    ]


def list_courses(session: Session) -> list[CourseView]:
    """The courses that are not withdrawn, by code."""
    rows = session.scalars(select(Course).where(Course.withdrawn_at.is_(None)).order_by(Course.code))
    return [
        CourseView(row.code, row.title, row.months, tuple(filter(None, row.required_for.split(","))), _issuers(row))
        for row in rows
    ]


def list_approvals(session: Session, slug: str | None = None) -> list[ApprovalView]:
    """Approvals that were not withdrawn, and those that are missing, of one project or of all. Raises Refusal
    `no-such-project`."""
    rules = read_rules(session)
    if slug is not None:
        return list(_of_project(find_project(session, slug), rules))
    rows = session.scalars(select(Project).order_by(Project.slug))
    return [view for project in rows for view in _of_project(project, rules)]


def view_stops(session: Session) -> list[StopView]:
    """Every stop, those in force first."""
    return [
        StopView(row.scope, row.target, row.reason, row.stopped_by, row.stopped_at, row.resumed_by, row.resumed_at)
        for row in list_stops(session)
    ]


def state_of(row: Dated) -> str:
    """How one row covers this day, or `withdrawn`."""
    return "withdrawn" if row.withdrawn_at is not None else find_cover((row,), today()).cover.value


def _of_project(project: Project, rules: Rules) -> Iterator[ApprovalView]:
    live = [row for row in project.approvals if row.withdrawn_at is None]
    for kind in rules.required_approvals(project.purpose):
        if kind not in {row.kind for row in live}:
            yield ApprovalView(project.slug, kind.value, "", "", None, None, "", "missing")
    for row in live:
        dates = (row.starts_on, row.until)
        yield ApprovalView(project.slug, row.kind, row.party, row.reference, *dates, row.note, state_of(row))


def _issuers(course: Course) -> tuple[str, ...]:
    live = [row for row in course.issuers if row.withdrawn_at is None]
    return tuple(f"{row.name} ({row.pattern})" if row.pattern else row.name for row in live)
