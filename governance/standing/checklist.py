"""The steps that a person takes before they can work, by role and project (SATRE 1.5.02), each done or with what to do.
Made from the rules of standing themselves, so that a list with every step done is a person in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.roles import Capability
from governance.standing.people import reasons_of_affiliation
from governance.standing.periods import find_cover
from governance.standing.projects import reasons_of_project
from governance.standing.reason import ASK, Reason
from governance.standing.rules import Rules, read_rules
from governance.standing.training import RENEW, counted_record, reasons_of_training, required_courses
from governance.store.people import Person
from governance.store.projects import Membership, Project


@dataclass(frozen=True)
class Step:
    """One step. `until`: the last day on which it stays done, where there is one."""

    words: str
    done: bool
    remedy: str = ""
    until: date | None = None


def find_steps(session: Session, subject: str) -> tuple[Step, ...]:
    """All steps of a registered person, in the order in which they are taken; none for anybody else."""
    person = session.get(Person, subject)
    if person is None:
        return ()
    rules = read_rules(session)
    return tuple(_of_person(session, person, rules))


def _of_person(session: Session, person: Person, rules: Rules) -> Iterator[Step]:
    yield Step("Registered", True)
    if person.suspended_at is not None:
        yield Step("Access not suspended", False, ASK)
    cover = find_cover(person.affiliations, rules.day)
    yield _judge("Affiliated to an organisation with an agreement", reasons_of_affiliation(person, rules), cover.until)
    yield from _courses(person, (Capability.EVERYBODY.value,), "", rules)
    for role in sorted(held.role for held in person.roles):
        yield from _courses(person, (role,), f" for the role {role.replace('_', ' ')}", rules)
    yield from _of_projects(session, person, rules)


def _courses(person: Person, capabilities: tuple[str, ...], suffix: str, rules: Rules) -> Iterator[Step]:
    codes = tuple(required_courses(person.training, capabilities, rules))
    if not codes and capabilities == (Capability.EVERYBODY.value,):
        yield _judge("Training on record", reasons_of_training(person.training, capabilities, rules))
    for code in codes:
        record = counted_record(person.training, code, rules)
        done = record is not None and record.expires_on >= rules.day
        until = record.expires_on if record is not None else None
        yield Step(f"Training{suffix}: {rules.title_of(code)}", done, "" if done else RENEW, until)


def _of_projects(session: Session, person: Person, rules: Rules) -> Iterator[Step]:
    mine = (Membership.subject == person.subject, Membership.removed_at.is_(None))
    rows = session.execute(
        select(Membership, Project).join(Project, Project.slug == Membership.project_slug).where(*mine)
    ).all()
    newest = {project.slug: (membership, project) for membership, project in rows}
    for _, (membership, project) in sorted(newest.items()):
        live = membership.starts_on <= rules.day <= membership.until
        yield Step(f"Member of {project.title}", live, "" if live else ASK, membership.until)
        yield from _courses(person, (membership.role,), f" for {project.title}", rules)
        yield _judge(f"{project.title} is in force", reasons_of_project(project, rules), project.ends_on)


def _judge(words: str, reasons: Iterable[Reason], until: date | None = None) -> Step:
    first = next(iter(reasons), None)
    return Step(words, True, "", until) if first is None else Step(words, False, f"{first.words} {first.remedy}", until)
