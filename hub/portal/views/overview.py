"""What needs an administrator's attention soon: training, memberships, projects and agreements that end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.clock import today
from governance.roles import ProjectStatus
from governance.standing import Rules, read_rules
from governance.standing.training import counted_record
from governance.store.people import Person
from governance.store.projects import Project

SOON_DAYS = 30


@dataclass(frozen=True)
class Deadline:
    """Something that ends within `SOON_DAYS`, or has ended. `subject` or `project` is the page to open."""

    on: date
    what: str
    of: str
    subject: str = ""
    project: str = ""

    @property
    def is_past(self) -> bool:
        """Whether the last day has passed."""
        return self.on < today()


@dataclass(frozen=True)
class Overview:
    """Counts and the deadlines of projects and of people, soonest first."""

    people: int
    projects: int
    project_deadlines: tuple[Deadline, ...]
    people_deadlines: tuple[Deadline, ...]


def read_overview(session: Session) -> Overview:
    """The state of the register today."""
    rules = read_rules(session)
    people = session.scalars(select(Person)).all()
    projects = session.scalars(select(Project)).all()
    names = {person.subject: person.name for person in people if person.suspended_at is None}
    active = [project for project in projects if project.status == ProjectStatus.ACTIVE]
    return Overview(
        people=len(people),
        projects=len(projects),
        project_deadlines=_soonest(_project_ends(active)),
        people_deadlines=_soonest(
            deadline
            for part in (_training_ends(people, rules), _membership_ends(active, names))
            for deadline in part
            if deadline.subject in names
        ),
    )


def _soonest(deadlines: Iterator[Deadline]) -> tuple[Deadline, ...]:
    near = [deadline for deadline in deadlines if deadline.on <= today() + timedelta(days=SOON_DAYS)]
    return tuple(sorted(near, key=lambda deadline: (deadline.on, deadline.of)))


def _project_ends(projects: list[Project]) -> Iterator[Deadline]:
    for project in projects:
        yield Deadline(project.ends_on, "Project", project.title, project=project.slug)


def _training_ends(people: Sequence[Person], rules: Rules) -> Iterator[Deadline]:
    for person in people:
        for course in sorted({record.course for record in person.training} - rules.withdrawn):
            record = counted_record(person.training, course, rules)
            if record is not None:
                what = f"Training: {rules.title_of(course)}"
                yield Deadline(record.expires_on, what, person.name, subject=person.subject)


def _membership_ends(projects: list[Project], names: dict[str, str]) -> Iterator[Deadline]:
    for project in projects:
        for held in project.memberships:
            if held.removed_at is None and held.subject in names:
                yield Deadline(held.until, f"Membership: {project.title}", names[held.subject], subject=held.subject)
