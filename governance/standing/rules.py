"""The rules that standing is judged by, read from the register: courses, required approvals, what is stopped, what is
overdue. One short statement, nothing remembered: a gate reads them each time, a list once for all its rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import CompoundSelect, Date, bindparam, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

from governance.clock import today
from governance.roles import ApprovalKind, Purpose, StopScope
from governance.store.applications import ProjectCondition
from governance.store.approvals import ApprovalRule
from governance.store.base import Moment
from governance.store.stops import Stop
from governance.store.training import Course

#: One statement for all four, since every gate asks it: what, three words, a moment.
_RULES: CompoundSelect[Any] = union_all(
    select(literal("course"), Course.code, Course.title, Course.required_for, Course.withdrawn_at),
    select(literal("approval"), ApprovalRule.kind, ApprovalRule.purposes, literal(""), cast(null(), Moment)),
    select(literal("stop"), Stop.scope, Stop.target, literal(""), Stop.stopped_at).where(Stop.resumed_at.is_(None)),
    select(literal("overdue"), ProjectCondition.project_slug, literal(""), literal(""), cast(null(), Moment)).where(
        ProjectCondition.blocking.is_(True),
        ProjectCondition.closed_at.is_(None),
        ProjectCondition.due_on < bindparam("day", type_=Date),
    ),
)


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
    rows = [tuple(row) for row in session.execute(_RULES, {"day": today()})]
    courses = sorted(row[1:] for row in rows if row[0] == "course")
    return Rules(
        day=today(),
        courses=tuple(CourseRule(code, title, _split(words)) for code, title, words, gone in courses if gone is None),
        withdrawn=frozenset(code for code, _, _, gone in courses if gone is not None),
        approvals={kind: _split(purposes) for what, kind, purposes, _, _ in rows if what == "approval"},
        stops=tuple(
            StopRule(scope, target, since.date())
            for what, scope, target, _, since in rows
            if what == "stop" and since is not None
        ),
        overdue=frozenset(slug for what, slug, *_ in rows if what == "overdue" and slug is not None),
    )


def _split(words: str) -> frozenset[str]:
    return frozenset(filter(None, words.split(",")))
