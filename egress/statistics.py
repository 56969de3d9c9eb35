"""How the airlock serves its people, in counts: how long answers take, how many requests pass at once, why the others
come back, who carries the load. Promise: counts and hours only; no title, file name, finding's text or vote.

Worked out from the audit chain, which nobody can mend afterwards, and the tables of findings and votes.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.directions import OUT, Direction
from egress.findings import Severity
from egress.states import State
from governance.access import can, check_holds_role, check_person_in_force
from governance.refusal import Refusal
from governance.roles import Role
from governance.store.airlock import EgressFile, EgressFinding, EgressTurn, EgressVote
from governance.store.audit_log import AuditEvent

APPROVED, RETURNED, REJECTED, REFERRED = "approved", "returned", "rejected", "referred"
ANSWERS = (APPROVED, RETURNED, REJECTED)
READERS = (Role.OUTPUT_CHECKER, Role.ADMINISTRATOR)
#: An answer is waited for in these hours of Monday to Friday (UTC).
DAY_BEGINS, DAY_ENDS, SATURDAY = time(9), time(17), 5
BY_PEOPLE = "people"  # came back although no check failed


@dataclass(frozen=True)
class MonthRow:
    """The answers of one month (UTC) to what goes out, or comes in (`direction`). Hours are working hours from a turn's
    submission to its answer; `first_time` of `first_turns` answers to first turns were approvals; `overridden` of
    `referred` were let pass by a controller."""

    month: str
    answered: int
    approved: int
    returned: int
    rejected: int
    median_hours: float
    slow_hours: float
    first_turns: int
    first_time: int
    referred: int
    overridden: int
    direction: str = OUT.value


@dataclass(frozen=True)
class ReasonRow:
    """In how many returned turns of the month that check had failed, or none had (`people`)."""

    month: str
    check: str
    turns: int


@dataclass(frozen=True)
class LoadRow:
    """How many turns of requests that checker voted on in the month."""

    month: str
    checker: str
    turns: int


@dataclass(frozen=True)
class Statistics:
    """All of it, newest month first."""

    months: tuple[MonthRow, ...]
    reasons: tuple[ReasonRow, ...]
    load: tuple[LoadRow, ...]


@dataclass(frozen=True)
class _Answer:
    request: str
    turn: int
    event: str
    at: datetime
    controlled: bool
    direction: Direction

    @property
    def month(self) -> str:
        return f"{self.at:%Y-%m}"


def check_can_read_statistics(session: Session, viewer: str) -> None:
    """An output checker or administrator in force. Raises Refusal `role-missing` and those of check_person_in_force."""
    check_person_in_force(session, viewer)
    if not any(can(check_holds_role, session, viewer, role) for role in READERS):
        raise Refusal("role-missing", "This is for output checkers and administrators.", "Leave it to others.")


def statistics(session: Session) -> Statistics:
    """Every month with an answer."""
    answers, referred = _read_answers(session)
    submitted = {
        (request, turn): at
        for request, turn, at in session.execute(
            select(EgressTurn.request_id, EgressTurn.turn, EgressTurn.submitted_at)
        )
    }
    months = sorted({(answer.month, answer.direction) for answer in answers}, reverse=True)
    rows = tuple(
        _count_month(
            month, way, [a for a in answers if (a.month, a.direction) == (month, way)], submitted, referred[month, way]
        )
        for month, way in months
    )
    return Statistics(rows, _count_reasons(session, answers), _count_load(session))


def working_hours(begin: datetime, end: datetime) -> float:
    """Hours between two moments (UTC) that fall on Monday to Friday, 9:00 to 17:00."""
    total, day = timedelta(0), begin.date()
    while day <= end.date():
        if day.weekday() < SATURDAY:
            opens = datetime.combine(day, DAY_BEGINS, begin.tzinfo)
            closes = datetime.combine(day, DAY_ENDS, begin.tzinfo)
            total += max(timedelta(0), min(closes, end) - max(opens, begin))
        day += timedelta(days=1)
    return total / timedelta(hours=1)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least that share of them does not exceed (nearest rank); 0 of none."""
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 1) if ordered else 0.0


def _read_answers(session: Session) -> tuple[list[_Answer], Counter[tuple[str, Direction]]]:
    """The first answer to each turn, and how many requests were referred to a controller by month and direction."""
    answers: dict[tuple[str, int], _Answer] = {}
    referred: Counter[tuple[str, Direction]] = Counter()
    names = {way.event_prefix + event: (event, way) for event in (*ANSWERS, REFERRED) for way in Direction}
    wanted = AuditEvent.event.in_(names)
    query = select(AuditEvent.event, AuditEvent.at, AuditEvent.detail).where(wanted).order_by(AuditEvent.seq)
    for name, at, text in session.execute(query):
        detail, (event, way) = json.loads(text), names[name]
        if event == REFERRED:
            referred[f"{at:%Y-%m}", way] += 1
            continue
        controlled = detail["from"] == State.AWAIT_CONTROLLER
        answer = _Answer(detail["request"], detail["turn"], event, at, controlled, way)
        answers.setdefault((answer.request, answer.turn), answer)
    return list(answers.values()), referred


def _count_month(
    month: str,
    direction: Direction,
    answers: Sequence[_Answer],
    submitted: dict[tuple[str, int], datetime],
    referred: int,
) -> MonthRow:
    begun = [(answer, submitted.get((answer.request, answer.turn))) for answer in answers]
    hours = [working_hours(begin, answer.at) for answer, begin in begun if begin is not None]
    events = Counter(answer.event for answer in answers)
    first = [answer for answer in answers if answer.turn == 1]
    return MonthRow(
        month=month,
        direction=direction.value,
        answered=len(answers),
        approved=events[APPROVED],
        returned=events[RETURNED],
        rejected=events[REJECTED],
        median_hours=percentile(hours, 0.5),
        slow_hours=percentile(hours, 0.9),
        first_turns=len(first),
        first_time=sum(answer.event == APPROVED for answer in first),
        referred=referred,
        overridden=sum(answer.controlled and answer.event == APPROVED for answer in answers),
    )


def _count_reasons(session: Session, answers: Iterable[_Answer]) -> tuple[ReasonRow, ...]:
    came_back = {(one.request, one.turn): one.month for one in answers if one.event == RETURNED}
    failed = select(EgressFile.request_id, EgressFinding.turn, EgressFinding.check).join(EgressFile.findings)
    failed = failed.where(EgressFinding.severity == Severity.FAIL.value).distinct()
    counted: Counter[tuple[str, str]] = Counter()
    explained = set()
    for request, turn, check in session.execute(failed):
        if (request, turn) in came_back:
            counted[came_back[request, turn], check] += 1
            explained.add((request, turn))
    for key in came_back.keys() - explained:
        counted[came_back[key], BY_PEOPLE] += 1
    rows = [ReasonRow(month, check, turns) for (month, check), turns in counted.items()]
    rows.sort(key=lambda row: (-row.turns, row.check))
    return tuple(sorted(rows, key=lambda row: row.month, reverse=True))


def _count_load(session: Session) -> tuple[LoadRow, ...]:
    cast = select(EgressVote.checker, EgressFile.request_id, EgressVote.turn, EgressVote.voted_at)
    cast = cast.join(EgressFile, EgressFile.id == EgressVote.file_id).order_by(EgressVote.id)
    first: dict[tuple[str, str, int], str] = {}
    for checker, request, turn, at in session.execute(cast):
        first.setdefault((checker, request, turn), f"{at:%Y-%m}")  # a vote changed later is the same piece of work
    counted = Counter((month, checker) for (checker, _, _), month in first.items())
    rows = [LoadRow(month, checker, turns) for (month, checker), turns in sorted(counted.items())]
    return tuple(sorted(rows, key=lambda row: row.month, reverse=True))
