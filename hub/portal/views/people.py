"""People as an administrator sees them: registration, training, roles, memberships."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.clock import today
from governance.registry.authority import find_person
from governance.standing import Reason, Rules, read_rules, reasons_of_person
from governance.standing.checklist import Step, find_steps
from governance.standing.people import cover_of_organisation
from governance.standing.periods import Covered, covers, find_cover
from governance.standing.training import counted_record
from governance.store.people import Organisation, Person
from governance.store.projects import Membership, Project
from hub.portal.views.memberships import describe_membership, describe_period
from hub.portal.words import (
    COVERS,
    NOT_IN_FORCE,
    ORGANISATION_KINDS,
    PROJECT_ROLES,
    SERVICE_ROLES,
    STANDING,
    Words,
)


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
    issuer: str
    certificate: str
    taken: date | None
    recorded_at: datetime
    expires: date
    verified_by: str
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
class AffiliationRow:
    """One affiliation that was not withdrawn, and how it and the organisation's agreement stand."""

    organisation: str
    starts: date
    until: date | None
    standing: Words


@dataclass(frozen=True)
class PersonView:
    """One person with everything on record."""

    row: PersonRow
    registered_at: datetime
    suspended_at: datetime | None
    affiliations: tuple[AffiliationRow, ...]
    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...]
    training: tuple[TrainingRow, ...]
    memberships: tuple[HeldMembership, ...]


@dataclass(frozen=True)
class AgreementRow:
    """One agreement of an organisation, withdrawn ones too."""

    reference: str
    starts: date
    until: date | None
    standing: Words


@dataclass(frozen=True)
class OrganisationRow:
    """One trusted organisation and its agreements, newest first. `until`: the last day on which one covers, where that
    is known."""

    name: str
    kind: str
    country: str
    until: date | None
    standing: Words
    agreements: tuple[AgreementRow, ...]


def read_people(session: Session) -> tuple[PersonRow, ...]:
    """Everybody, by name."""
    rules = read_rules(session)
    people = session.scalars(select(Person).order_by(Person.name, Person.subject))
    return tuple(_read_row(person, reasons_of_person(person, rules)) for person in people)


def read_person(session: Session, subject: str) -> PersonView:
    """One person. Raises Refusal `no-such-person`."""
    person = find_person(session, subject)
    rules = read_rules(session)
    reasons = tuple(reasons_of_person(person, rules))
    row = _read_row(person, reasons)
    return PersonView(
        row=row,
        registered_at=person.registered_at,
        suspended_at=person.suspended_at,
        affiliations=_read_affiliations(person, rules),
        reasons=reasons,
        steps=find_steps(session, subject),
        training=_read_training(person, rules),
        memberships=_read_memberships(session, subject),
    )


def read_organisations(session: Session) -> tuple[OrganisationRow, ...]:
    """Every organisation, by name."""
    day = today()
    rows = session.scalars(select(Organisation).order_by(Organisation.name))
    return tuple(_read_organisation(row, find_cover(row.agreements, day)) for row in rows)


def _read_row(person: Person, reasons: Iterable[Reason]) -> PersonRow:
    first = next(iter(reasons), None)
    standing = Words("In force", "good") if first is None else STANDING.get(first.code, NOT_IN_FORCE)
    roles = tuple(SERVICE_ROLES.get(held.role, held.role) for held in person.roles)
    return PersonRow(person.subject, person.name, person.organisation_name, roles, standing)


def _read_organisation(row: Organisation, found: Covered) -> OrganisationRow:
    agreements = tuple(
        AgreementRow(one.reference, one.starts_on, one.until, describe_period(one)) for one in reversed(row.agreements)
    )
    kind = ORGANISATION_KINDS.get(row.kind, row.kind)
    return OrganisationRow(row.name, kind, row.country, found.until, COVERS[found.cover], agreements)


def _read_affiliations(person: Person, rules: Rules) -> tuple[AffiliationRow, ...]:
    rows = []
    for held in person.affiliations:
        if held.withdrawn_at is None:
            standing = describe_period(held)
            if covers(held, rules.day) and not cover_of_organisation(held.organisation, rules).in_force:
                standing = Words("Agreement not in force", "stop")
            rows.append(AffiliationRow(held.organisation_name, held.starts_on, held.until, standing))
    return tuple(rows)


def _read_training(person: Person, rules: Rules) -> tuple[TrainingRow, ...]:
    rows = []
    for record in reversed(person.training):
        counted = counted_record(person.training, record.course, rules)
        standing = Words("Expired", "stop") if record.expires_on < rules.day else Words("In force", "good")
        if record.withdrawn_at is not None:
            standing = Words("Withdrawn", "quiet")
        elif counted is None:
            standing = Words("Not begun", "info")
        elif counted.id != record.id:
            standing = Words("Replaced" if record.id < counted.id else "Not begun", "quiet")
        title = rules.title_of(record.course)
        facts = (title, record.issuer, record.certificate, record.taken_on, record.recorded_at, record.expires_on)
        rows.append(TrainingRow(*facts, record.verified_by, standing))
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
