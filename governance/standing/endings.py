"""What ends within some days, and who is to be told. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.roles import Capability, ProjectRole, ProjectStatus, Role
from governance.standing.periods import find_cover
from governance.standing.projects import NAMES, approvals_of_project
from governance.standing.rules import Rules, read_rules
from governance.standing.training import counted_record, required_courses
from governance.store.people import Organisation, Person
from governance.store.projects import Membership, Project


class EndingKind(StrEnum):
    """What may end."""

    TRAINING = "training"
    AFFILIATION = "affiliation"
    AGREEMENT = "agreement"
    MEMBERSHIP = "membership"
    PROJECT = "project"
    APPROVAL = "approval"


@dataclass(frozen=True)
class Ending:
    """One thing whose last day is `on`. `target` and `of`: which one, for the register and for people."""

    kind: EndingKind
    target: str
    of: str
    on: date
    people: tuple[str, ...]


def find_endings(session: Session, days: int) -> tuple[Ending, ...]:
    """Everything in force that ends within so many days, soonest first."""
    rules = read_rules(session)
    people = [one for one in session.scalars(select(Person)) if one.suspended_at is None]
    projects = session.scalars(select(Project).where(Project.status == ProjectStatus.ACTIVE.value)).all()
    offices = tuple(one.subject for one in people if Role.ADMINISTRATOR in {held.role for held in one.roles})
    capabilities = _capabilities(people, projects, rules)
    found = [ending for one in people for ending in _of_person(one, capabilities[one.subject], rules)]
    found += [ending for one in projects for ending in _of_project(one, offices, rules)]
    for row in session.scalars(select(Organisation)):
        cover = find_cover(row.agreements, rules.day)
        if cover.in_force and cover.until is not None:
            found.append(Ending(EndingKind.AGREEMENT, row.name, row.name, cover.until, offices))
    near = [ending for ending in found if 0 <= (ending.on - rules.day).days <= days and ending.people]
    return tuple(sorted(near, key=lambda ending: (ending.on, ending.kind, ending.target)))


def _capabilities(people: Sequence[Person], projects: Sequence[Project], rules: Rules) -> dict[str, set[str]]:
    held = {one.subject: {Capability.EVERYBODY.value, *(role.role for role in one.roles)} for one in people}
    for project in projects:
        for membership in _live(project, rules):
            held.get(membership.subject, set()).add(membership.role)
    return held


def _live(project: Project, rules: Rules) -> Iterator[Membership]:
    for membership in project.memberships:
        if membership.removed_at is None and membership.until >= rules.day:
            yield membership


def _of_person(person: Person, capabilities: set[str], rules: Rules) -> Iterator[Ending]:
    mine = (person.subject,)
    for code in required_courses(person.training, capabilities, rules):
        record = counted_record(person.training, code, rules)
        if record is not None:
            yield Ending(EndingKind.TRAINING, code, rules.title_of(code), record.expires_on, mine)
    cover = find_cover(person.affiliations, rules.day)
    if cover.in_force and cover.until is not None:
        yield Ending(EndingKind.AFFILIATION, "", "", cover.until, mine)


def _of_project(project: Project, offices: tuple[str, ...], rules: Rules) -> Iterator[Ending]:
    live = list(_live(project, rules))
    for membership in live:
        yield Ending(EndingKind.MEMBERSHIP, project.slug, project.title, membership.until, (membership.subject,))
    leads = [one.subject for one in live if one.role == ProjectRole.PRINCIPAL_INVESTIGATOR]
    told = tuple(dict.fromkeys((*leads, *offices)))
    yield Ending(EndingKind.PROJECT, project.slug, project.title, project.ends_on, told)
    for kind, party, cover in approvals_of_project(project, rules):
        if cover.in_force and cover.until is not None:
            of = f"{NAMES[kind]} of {project.title}"
            yield Ending(EndingKind.APPROVAL, f"{project.slug}:{kind.value}:{party}"[:200], of[:200], cover.until, told)
