"""The budgets of what leaves and of what comes in, each counted by itself. Promise: neither one person nor a whole
project is given more files, bytes or cells in one UTC day than policy says, however many requests pass at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from egress.ballots import FileKind, live_outputs
from egress.directions import Direction, direction_of
from egress.limits import AirlockLimits, Amounts
from egress.states import State
from governance.clock import today
from governance.refusal import Refusal
from governance.store.airlock import EgressFile, EgressRelease, EgressRequest

TOMORROW = "Release it tomorrow."


@dataclass(frozen=True)
class BudgetView:
    """What a request asks for and what is left of today: to its author in the project, and to the whole project."""

    asked: Amounts
    person_left: Amounts
    project_left: Amounts

    @property
    def fits(self) -> bool:
        """Whether it could be released today."""
        return self.person_left.covers(self.asked) and self.project_left.covers(self.asked)


def read_budget(session: Session, request: EgressRequest, limits: AirlockLimits) -> BudgetView:
    """The request against both budgets. What is being released this moment counts as spent."""
    where = request.project_slug, direction_of(request)
    return BudgetView(
        asked=asked_by(request),
        person_left=limits.daily.without(spent_today(session, *where, request.author)),
        project_left=limits.project_daily.without(spent_today(session, *where)),
    )


def check_in_budget(session: Session, request: EgressRequest, limits: AirlockLimits) -> None:
    """That the request's output files fit in what is left today. Raises Refusal `budget-spent`."""
    budget = read_budget(session, request, limits)
    for left, whose in ((budget.person_left, "The author"), (budget.project_left, "The project")):
        if not left.covers(budget.asked):
            words = f"{left.files} files, {left.bytes / 2**20:.1f} MB and {left.cells} cells"
            raise Refusal("budget-spent", f"{whose} has {words} left today, and this is more.", TOMORROW)


def asked_by(request: EgressRequest) -> Amounts:
    """What a release of the request would take out."""
    outputs = live_outputs(request)
    return Amounts(len(outputs), sum(file.size for file in outputs), sum(file.cells for file in outputs))


def spent_today(session: Session, project: str, direction: Direction, author: str | None = None) -> Amounts:
    """What one person, or everybody, was given that way since midnight UTC, and what is on its way."""
    midnight = datetime.combine(today(), time(), UTC)
    out = (State.RELEASED.value, State.RECALLED.value)
    released = select(EgressRelease.request_id).where(EgressRelease.released_at >= midnight)
    this_way = EgressRequest.direction == direction.value
    done = _sum(session, project, author, this_way, EgressRequest.state.in_(out), EgressRequest.id.in_(released))
    return done + _sum(session, project, author, this_way, EgressRequest.state == State.RELEASING.value)


def _sum(session: Session, project: str, author: str | None, *conditions: ColumnElement[bool]) -> Amounts:
    total = select(
        func.count(EgressFile.id),
        func.coalesce(func.sum(EgressFile.size), 0),
        func.coalesce(func.sum(EgressFile.cells), 0),
    )
    query = total.join_from(EgressFile, EgressRequest).where(EgressRequest.project_slug == project, *conditions)
    query = query.where(EgressFile.kind == FileKind.OUTPUT.value, EgressFile.withdrawn_turn.is_(None))
    if author is not None:
        query = query.where(EgressRequest.author == author)
    files, size, cells = session.execute(query).one()
    return Amounts(int(files), int(size), int(cells))
