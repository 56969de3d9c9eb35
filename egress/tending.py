"""What the airlock's service does by itself now and then, so that nothing waits for a button with one outcome: takes up
screenings that stopped half-way, releases what was approved, tries failed releases again.

Promise: it does nothing that the checker on whose behalf it releases might not do at that very moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import and_, or_, select

from egress.airlock import Airlock
from egress.attempts import postpone
from egress.limits import DEFAULT
from egress.moving import load_request
from egress.policies import limits_for
from egress.release import release
from egress.screening import WAITING, screen
from egress.states import State
from governance.clock import now
from governance.refusal import Refusal
from governance.store.airlock import EgressRequest

logger = structlog.get_logger()
#: How long an approved request is left to the person who just approved it.
GRACE = timedelta(minutes=1)


@dataclass(frozen=True)
class Tended:
    """How many requests were moved on."""

    screened: int
    released: int


def tend(airlock: Airlock) -> Tended:
    """One round. Whatever fails is left for the next round and told of by egress.watch."""
    screened = sum(_screen(airlock, request_id) for request_id in _stopped_screenings(airlock))
    released = sum(_release(airlock, *due) for due in _due_releases(airlock))
    return Tended(screened, released)


def _stopped_screenings(airlock: Airlock) -> list[str]:
    before = now() - timedelta(minutes=DEFAULT.service_minutes)
    left = (EgressRequest.state.in_([state.value for state in WAITING]), EgressRequest.moved_at < before)
    with airlock.store.reading() as session:
        return list(session.scalars(select(EgressRequest.id).where(*left)))


def _due_releases(airlock: Airlock) -> list[tuple[str, str]]:
    """(request, on whose behalf) of what was approved and not begun, and of what failed and whose time has come."""
    moment = now()
    due = EgressRequest.retry_at <= moment
    failed = and_(EgressRequest.state == State.RELEASE_FAILED.value, due)
    waiting = or_(due, and_(EgressRequest.retry_at.is_(None), EgressRequest.moved_at < moment - GRACE))
    approved = and_(EgressRequest.state == State.APPROVED.value, EgressRequest.asked_by != "", waiting)
    query = select(EgressRequest.id, EgressRequest.asked_by).where(or_(failed, approved)).order_by(EgressRequest.id)
    with airlock.store.reading() as session:
        return [(row.id, row.asked_by) for row in session.execute(query)]


def _screen(airlock: Airlock, request_id: str) -> bool:
    try:
        screen(airlock, request_id)
    except Exception as error:  # one request must not keep the others waiting
        logger.error("egress.screening_broke", cause=type(error).__name__)
        return False
    return True


def _release(airlock: Airlock, request_id: str, asked_by: str) -> bool:
    try:
        release(airlock, requested_by=asked_by, request_id=request_id)
    except Refusal:
        _postpone(airlock, request_id)
        return False
    return True


def _postpone(airlock: Airlock, request_id: str) -> None:
    """A release that was refused before it began is asked for again later; one that failed has planned that itself."""
    with airlock.store.transaction() as session:
        request = load_request(session, request_id)
        is_due = request.retry_at is not None and request.retry_at <= now()
        if State(request.state) is State.APPROVED or (State(request.state) is State.RELEASE_FAILED and is_due):
            postpone(request, limits_for(session, request))
