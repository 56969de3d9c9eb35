"""One query on its way: who asks, what the register grants at this moment, and what is known so far."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session, joinedload, lazyload

from governance.access import check_can_query, check_project_in_force
from governance.callers import Caller
from governance.clock import now
from governance.disclosure import PROFILES, DisclosureProfile
from governance.extracts import ProjectData, load_project_data
from governance.feasibility import SLUG, check_may_ask
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from governance.store.people import Person
from governance.store.projects import Project
from query_guard.asked import Asked
from query_guard.differencing import Desk
from query_guard.policy.plan import Plan

FEASIBILITY_CHANNEL = "service:feasibility"


class Stopwatch:
    """Milliseconds spent, by name of the lap."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self._laps: dict[str, float] = {}

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Time a block."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._laps[name] = (time.perf_counter() - begun) * 1000

    def of(self, name: str) -> float:
        """Milliseconds of a lap, 0 if it never ran."""
        return self._laps.get(name, 0.0)

    @property
    def total(self) -> float:
        """Milliseconds since the stopwatch was made."""
        return (time.perf_counter() - self._begun) * 1000


@dataclass(frozen=True)
class Scope:
    """What the caller's project may read now, under which disclosure profile, and how long answers are kept."""

    data: ProjectData
    profile: DisclosureProfile
    kept_days: int = 0


@dataclass
class Case:
    """One query. `scope`, `plan` and the `desk` at which its numbers are settled are filled in as they become known,
    for the record."""

    caller: Caller
    asked: Asked
    asked_at: datetime = field(default_factory=now)
    watch: Stopwatch = field(default_factory=Stopwatch)
    scope: Scope | None = None
    plan: Plan | None = None
    desk: Desk | None = None


def read_scope(settings: Settings, store: Store, caller: Caller) -> Scope:
    """The caller's approval and the project's data, as of this moment; nothing is remembered between queries.

    Raises the register's refusals, `no-extract`, `extract-damaged`, or `no-profile` for a profile nobody defined.
    """
    with store.reading() as session:
        # Read once, in three statements, and held on to: the checks below then find them in the session's weak memory.
        held = (
            session.get(Person, caller.subject, options=[joinedload(Person.training), lazyload(Person.roles)]),
            session.get(Project, caller.project, options=[joinedload(Project.memberships)]),
        )
        _check_may_ask(session, caller)
        scope = read_project_scope(settings, session, caller.project)
        del held
    return scope


def _check_may_ask(session: Session, caller: Caller) -> None:
    """A member in force; or, for a feasibility count, a person in force: nobody is a member of that project. The name
    of that channel is given inside this process only: a channel on record has another."""
    if caller.channel == FEASIBILITY_CHANNEL and caller.project == SLUG:
        check_may_ask(session, caller.subject)
    else:
        check_can_query(session, caller.subject, caller.project)


def read_project_scope(settings: Settings, session: Session, slug: str) -> Scope:
    """The same for an operator, who asks about a project and not as a person."""
    project = check_project_in_force(session, slug)
    profile = PROFILES.get(project.profile)
    if profile is None:
        raise Refusal("no-profile", "The project's disclosure profile is not known.", "Tell your project manager.")
    return Scope(load_project_data(settings, session, slug), profile, settings.answer_kept_days)
