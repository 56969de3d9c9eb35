"""The rules that standing is judged by, read from the register: courses, required approvals, what is stopped, what is
overdue. Four short statements, nothing remembered: a gate reads them each time, a list once for all its rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.clock import today
from governance.roles import ApprovalKind, Purpose, StopScope
from governance.store.applications import ProjectCondition
from governance.store.approvals import ApprovalRule
from governance.store.stops import Stop
from governance.store.training import Course


@dataclass(frozen=True)
class CourseRule:
    """A course that is not withdrawn, and what it is required for (values of governance.roles.Capability)."""

    code: str
    title: str
    required_for: frozenset[str]


@dataclass(frozen=True)
class StopRule:
    """Something that is stopped now."""

    scope: str
    target: str
    since: date


@dataclass(frozen=True)
class Rules:
    """What holds at one moment. `withdrawn`: courses that nothing depends on any more; `approvals`: the purposes whose
    projects need each kind; `overdue`: projects with a blocking condition past its day."""

    day: date
    courses: tuple[CourseRule, ...]
    withdrawn: frozenset[str]
    approvals: Mapping[str, frozenset[str]]
    stops: tuple[StopRule, ...]
    overdue: frozenset[str] = frozenset()

    def find_stop(self, scope: StopScope, target: str = "") -> StopRule | None:
        """The stop of this very thing, if there is one."""
        return next((stop for stop in self.stops if (stop.scope, stop.target) == (scope, target)), None)

    def required_approvals(self, purpose: str) -> tuple[ApprovalKind, ...]:
        """The kinds that a project of this purpose needs. A kind without a rule is needed by all."""
        return tuple(kind for kind in ApprovalKind if purpose in self.approvals.get(kind.value, frozenset(Purpose)))

    def title_of(self, code: str) -> str:
        """A course's title; its code where no rule knows it."""
        return next((course.title for course in self.courses if course.code == code), code)


def read_rules(session: Session) -> Rules:
    """The rules as the register has them in this session."""
    courses = session.execute(
        select(Course.code, Course.title, Course.required_for, Course.withdrawn_at).order_by(Course.code)
    ).all()
    approvals = session.execute(select(ApprovalRule.kind, ApprovalRule.purposes)).all()
    late = select(ProjectCondition.project_slug).where(
        ProjectCondition.blocking.is_(True), ProjectCondition.closed_at.is_(None), ProjectCondition.due_on < today()
    )
    stops = session.execute(select(Stop.scope, Stop.target, Stop.stopped_at).where(Stop.resumed_at.is_(None))).all()
    return Rules(
        day=today(),
        courses=tuple(
            CourseRule(row.code, row.title, _split(row.required_for)) for row in courses if row.withdrawn_at is None
        ),
        withdrawn=frozenset(row.code for row in courses if row.withdrawn_at is not None),
        approvals={row.kind: _split(row.purposes) for row in approvals},
        stops=tuple(StopRule(row.scope, row.target, row.stopped_at.date()) for row in stops),
        overdue=frozenset(slug for slug in session.scalars(late) if slug is not None),
    )


def _split(words: str) -> frozenset[str]:
    return frozenset(filter(None, words.split(",")))
