"""What the register says, as frozen values for the command line and other readers. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import check_member_in_force, check_person_in_force, check_project_in_force
from governance.clock import today
from governance.refusal import Refusal
from governance.registry.authority import find_person, find_project
from governance.registry.extracts import current_extract
from governance.store.people import Person, TrainingRecord
from governance.store.projects import DataGrant, Membership, Project


@dataclass(frozen=True)
class TrainingView:
    """One course taken; `in_force` is about the date only, a newer record of the course may replace it."""

    subject: str
    course: str
    expires: date
    certificate: str
    in_force: bool


@dataclass(frozen=True)
class MemberView:
    """One membership that was not removed. `state`: `in force`, or the code of what stands in the way."""

    project: str
    subject: str
    name: str
    role: str
    starts: date
    until: date
    state: str


@dataclass(frozen=True)
class GrantView:
    """One live grant. Empty `columns`, `codes`: every one; no `starts`, `ends`: no bound."""

    project: str
    table: str
    columns: tuple[str, ...]
    granted_at: datetime
    starts: date | None
    ends: date | None
    codes: tuple[int, ...]


@dataclass(frozen=True)
class PersonView:
    """One person. `state`: `in force`, or the code of what stands in the way."""

    subject: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    state: str
    projects: tuple[str, ...]


@dataclass(frozen=True)
class ProjectView:
    """One project. `budget_cells`: cells each member may be told a day. `state`: `in force`, or the code of what stands
    in the way."""

    slug: str
    title: str
    purpose: str
    mode: str
    profile: str
    budget_cells: int
    terminals: bool
    sensitive: bool
    status: str
    starts: date
    ends: date
    state: str
    lay_summary: str
    people_in_extract: int | None


IN_FORCE = "in force"


def list_people(session: Session) -> list[PersonView]:
    """Everybody registered, by subject."""
    return [_view_person(session, person) for person in session.scalars(select(Person).order_by(Person.subject))]


def show_person(session: Session, subject: str) -> PersonView:
    """One person. Raises Refusal `no-such-person`."""
    return _view_person(session, find_person(session, subject))


def list_training(session: Session, subject: str | None = None) -> list[TrainingView]:
    """Training of one person or of everybody, oldest record first. Raises Refusal `no-such-person`."""
    query = select(TrainingRecord).order_by(TrainingRecord.subject, TrainingRecord.id)
    if subject is not None:
        query = query.where(TrainingRecord.subject == find_person(session, subject).subject)
    return [
        TrainingView(row.subject, row.course, row.expires_on, row.certificate, row.expires_on >= today())
        for row in session.scalars(query)
    ]


def list_projects(session: Session) -> list[ProjectView]:
    """Every project, by slug."""
    return [_view_project(session, project) for project in session.scalars(select(Project).order_by(Project.slug))]


def show_project(session: Session, slug: str) -> ProjectView:
    """One project. Raises Refusal `no-such-project`."""
    return _view_project(session, find_project(session, slug))


def list_members(session: Session, slug: str | None = None, subject: str | None = None) -> list[MemberView]:
    """Memberships not removed, of one project or person or of all. Raises Refusal `no-such-project`."""
    query = select(Membership, Person.name).join(Person, Person.subject == Membership.subject)
    query = query.where(Membership.removed_at.is_(None)).order_by(Membership.project_slug, Membership.subject)
    if slug is not None:
        query = query.where(Membership.project_slug == find_project(session, slug).slug)
    if subject is not None:
        query = query.where(Membership.subject == subject)
    return [
        MemberView(
            row.project_slug,
            row.subject,
            name,
            row.role,
            row.starts_on,
            row.until,
            _state(check_member_in_force, session, row.subject, row.project_slug),
        )
        for row, name in session.execute(query)
    ]


def list_grants(session: Session, slug: str | None = None) -> list[GrantView]:
    """Grants in force, of one project or of all. Raises Refusal `no-such-project`."""
    query = select(DataGrant).where(DataGrant.revoked_at.is_(None)).order_by(DataGrant.project_slug, DataGrant.id)
    if slug is not None:
        query = query.where(DataGrant.project_slug == find_project(session, slug).slug)
    return [
        GrantView(
            row.project_slug,
            row.table_name,
            tuple(filter(None, row.columns.split(","))),
            row.granted_at,
            row.starts_on,
            row.ends_on,
            tuple(map(int, filter(None, row.codes.split(",")))),
        )
        for row in session.scalars(query)
    ]


def _view_person(session: Session, person: Person) -> PersonView:
    return PersonView(
        person.subject,
        person.name,
        person.organisation_name,
        tuple(sorted(held.role for held in person.roles)),
        _state(check_person_in_force, session, person.subject),
        tuple(member.project for member in list_members(session, subject=person.subject)),
    )


def _view_project(session: Session, project: Project) -> ProjectView:
    extract = current_extract(session, project.slug)
    return ProjectView(
        project.slug,
        project.title,
        project.purpose,
        project.mode,
        project.profile,
        project.budget_cells,
        project.terminals,
        project.sensitive,
        project.status,
        project.starts_on,
        project.ends_on,
        _state(check_project_in_force, session, project.slug),
        project.lay_summary,
        extract.people if extract is not None else None,
    )


def _state(check: Callable[..., Any], *arguments: Any) -> str:
    try:
        check(*arguments)
    except Refusal as refusal:
        return refusal.code
    return IN_FORCE
