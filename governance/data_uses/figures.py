"""Statistics of the service for the public: projects, questions, outputs checked, how long it took.

Promise: up to the end of yesterday (UTC), so that nobody can watch people at work from outside; nothing about a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from governance.data_uses.entries import RECALLED
from governance.store.airlock import EgressRelease, EgressReleasedFile, EgressRequest, EgressTurn
from governance.store.calibration import EgressPlant
from governance.store.channels import QueryReceipt

ANSWERED = "answered"
DAYS_OF_TURNAROUND = 365


@dataclass(frozen=True)
class Figures:
    """Since the service began, before `until`.

    Attributes:
        questions_answered, questions_refused: by the query guard.
        numbers_told: numbers about people in these answers, each rounded.
        numbers_hidden: numbers left out because too few people stood behind them.
        outputs_asked: requests to take results out; `outputs_released` of these left, `outputs_recalled` were called
            back; `files_released`: in all.
        median_days, slow_days: from first asking to release, over the last year: half took no longer, nine in ten
            took no longer; None if nothing was released.
    """

    until: date
    questions_answered: int
    questions_refused: int
    numbers_told: int
    numbers_hidden: int
    outputs_asked: int
    outputs_released: int
    outputs_recalled: int
    files_released: int
    median_days: float | None
    slow_days: float | None


def read_figures(session: Session, day: date) -> Figures:
    """The figures before `day` began."""
    midnight = datetime.combine(day, time(), UTC)
    before = QueryReceipt.asked_at < midnight
    answered = session.execute(
        select(func.count(), func.sum(QueryReceipt.cells), func.sum(QueryReceipt.suppressed_cells)).where(
            before, QueryReceipt.verdict == ANSWERED
        )
    ).one()
    asked = session.scalar(select(func.count()).select_from(QueryReceipt).where(before)) or 0
    by_people = EgressTurn.request_id.not_in(select(EgressPlant.request_id))
    submitted = select(func.count()).where(EgressTurn.turn == 1, EgressTurn.submitted_at < midnight, by_people)
    left = select(EgressRequest.state, func.count()).join(EgressRelease, EgressRelease.request_id == EgressRequest.id)
    by_state = session.execute(left.where(EgressRelease.released_at < midnight).group_by(EgressRequest.state))
    released = {row[0]: int(row[1]) for row in by_state}
    files = (
        select(func.count(EgressReleasedFile.id))
        .join(EgressRelease, EgressRelease.id == EgressReleasedFile.release_id)
        .where(EgressRelease.released_at < midnight)
    )
    days = _days_taken(session, midnight)
    return Figures(
        until=day,
        questions_answered=answered[0],
        questions_refused=asked - answered[0],
        numbers_told=int(answered[1] or 0),
        numbers_hidden=int(answered[2] or 0),
        outputs_asked=session.scalar(submitted) or 0,
        outputs_released=sum(released.values()),
        outputs_recalled=released.get(RECALLED, 0),
        files_released=session.scalar(files) or 0,
        median_days=round(median(days), 1) if days else None,
        slow_days=round(days[(9 * len(days) - 1) // 10], 1) if days else None,
    )


def _days_taken(session: Session, midnight: datetime) -> Sequence[float]:
    """Of each release of the last year, from its first submission, in order."""
    since = midnight - timedelta(days=DAYS_OF_TURNAROUND)
    rows = session.execute(
        select(EgressTurn.submitted_at, EgressRelease.released_at)
        .join(EgressRelease, EgressRelease.request_id == EgressTurn.request_id)
        .where(EgressTurn.turn == 1, EgressRelease.released_at >= since, EgressRelease.released_at < midnight)
    )
    return sorted((released - asked).total_seconds() / 86_400 for asked, released in rows)
