"""Tells people of what stands still. Promise: whatever egress.watch finds is told to whoever can mend it, once a turn;
the notices and their audit event are one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from egress.airlock import Airlock
from egress.moving import load_request
from egress.notices import Kind, Telling, recipients, tell
from egress.states import Action, State, Who
from egress.watch import Stuck, Why, find_stuck
from governance.audit import Detail, append_event
from governance.store.notices import Notice

SERVICE = "service:notices"
REMINDERS = (Kind.STUCK.value, Kind.OVERDUE.value)
_STUCK = Telling(Kind.STUCK, Who.ADMINISTRATOR)
_LATE_REVIEW = Telling(Kind.OVERDUE, Who.CHECKER, Action.VOTE)
#: Who is late where a request is overdue; elsewhere it is the administrators' to look after.
LATE: Mapping[State, Telling] = {
    State.IN_REVIEW: _LATE_REVIEW,
    State.PART_REVIEWED: _LATE_REVIEW,
    State.THIRD_OPINION: _LATE_REVIEW,
    State.REVIEWED: _LATE_REVIEW,
    State.AWAIT_CONTROLLER: Telling(Kind.OVERDUE, Who.CONTROLLER, Action.DECIDE),
}


def remind(airlock: Airlock) -> int:
    """One round; returns how many notices were written."""
    with airlock.store.reading() as session:
        asked = select(Notice.request_id, Notice.turn, Notice.kind).where(Notice.kind.in_(REMINDERS)).distinct()
        told = {(request, turn, kind) for request, turn, kind in session.execute(asked)}
        waiting = [
            one for one in find_stuck(session) if (one.request, one.turn, _telling_of(one).kind.value) not in told
        ]
    return sum(_remind_of(airlock, one) for one in waiting)


def _telling_of(stuck: Stuck) -> Telling:
    return LATE.get(State(stuck.state), _STUCK) if stuck.why is Why.OVERDUE else _STUCK


def _remind_of(airlock: Airlock, stuck: Stuck) -> int:
    telling = _telling_of(stuck)
    with airlock.store.transaction() as session:
        request = load_request(session, stuck.request)
        if (request.state, request.turn) != (stuck.state, stuck.turn):
            return 0  # it went on meanwhile
        told = tell(session, request, telling.kind, recipients(session, request, telling))
        if told:
            detail: Detail = {"request": request.id, "turn": request.turn, "kind": telling.kind.value, "people": told}
            append_event(session, event="notice.reminded", actor=SERVICE, project=request.project_slug, detail=detail)
        return told
