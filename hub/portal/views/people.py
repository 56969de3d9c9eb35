"""People as an administrator sees them: registration, training, roles, memberships."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import check_person_in_force
from governance.clock import today
from governance.refusal import Refusal
from governance.registry.authority import find_person
from governance.store.people import Organisation, Person
from governance.store.projects import Membership, Project
from hub.portal.views.memberships import describe_membership
from hub.portal.words import NOT_IN_FORCE, PROJECT_ROLES, SERVICE_ROLES, STANDING, Words


@dataclass(frozen=True)
class PersonRow:
    """One person in the list."""

    subject: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    standing: Words


@dataclass(frozen=True)
class TrainingRow:
    """One training record; `counts` for the newest of its course."""

    course: str
    certificate: str
    recorded_at: datetime
    expires: date
    standing: Words


@dataclass(frozen=True)
class HeldMembership:
    """One membership of a person, past ones too."""

    project: str
    title: str
    role: str
    starts: date
    until: date
    standing: Words


@dataclass(frozen=True)
class PersonView:
    """One person with everything on record."""

    row: PersonRow
    reason: str
    registered_at: datetime
    suspended_at: datetime | None
    agreement_until: date | None
    training: tuple[TrainingRow, ...]
    memberships: tuple[HeldMembership, ...]


@dataclass(frozen=True)
class OrganisationRow:
    """One trusted organisation."""

    name: str
    kind: str
    agreement_until: date | None


def read_people(session: Session) -> tuple[PersonRow, ...]:
    """Everybody, by name."""
    people = session.scalars(select(Person).order_by(Person.name, Person.subject)).unique()
    return tuple(_read_row(session, person)[0] for person in people)


def read_person(session: Session, subject: str) -> PersonView:
    """One person. Raises Refusal `no-such-person`."""
    person = find_person(session, subject)
    row, reason = _read_row(session, person)
    return PersonView(
        row=row,
        reason=reason,
        registered_at=person.registered_at,
        suspended_at=person.suspended_at,
        agreement_until=person.organisation.agreement_until,
        training=_read_training(person),
        memberships=_read_memberships(session, subject),
    )


def read_organisations(session: Session) -> tuple[OrganisationRow, ...]:
    """Every organisation, by name."""
    rows = session.scalars(select(Organisation).order_by(Organisation.name))
    return tuple(OrganisationRow(row.name, row.kind, row.agreement_until) for row in rows)


def _read_row(session: Session, person: Person) -> tuple[PersonRow, str]:
    standing, reason = Words("In force", "good"), ""
    try:
        check_person_in_force(session, person.subject)
    except Refusal as refusal:
        standing, reason = STANDING.get(refusal.code, NOT_IN_FORCE), refusal.message
    roles = tuple(SERVICE_ROLES.get(held.role, held.role) for held in person.roles)
    return PersonRow(person.subject, person.name, person.organisation_name, roles, standing), reason


def _read_training(person: Person) -> tuple[TrainingRow, ...]:
    newest = {record.course: record.id for record in person.training}
    rows = []
    for record in reversed(person.training):
        standing = Words("In force", "good") if record.expires_on >= today() else Words("Expired", "stop")
        if newest[record.course] != record.id:
            standing = Words("Replaced", "quiet")
        rows.append(TrainingRow(record.course, record.certificate, record.recorded_at, record.expires_on, standing))
    return tuple(rows)


def _read_memberships(session: Session, subject: str) -> tuple[HeldMembership, ...]:
    rows = session.execute(
        select(Membership, Project.title)
        .join(Project, Project.slug == Membership.project_slug)
        .where(Membership.subject == subject)
        .order_by(Membership.removed_at.is_not(None), Project.title, Membership.id.desc())
    )
    return tuple(
        HeldMembership(
            held.project_slug,
            title,
            PROJECT_ROLES.get(held.role, held.role),
            held.starts_on,
            held.until,
            describe_membership(held),
        )
        for held, title in rows
    )
