"""The steps of one request, read from the audit chain. Promise: steps only, never what a vote said; the author reads
parts instead of the checkers' names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.directions import direction_of
from egress.naming import name_of
from egress.states import State, Who, public_state
from governance.calibration import is_planted
from governance.store.airlock import EgressRequest
from governance.store.audit_log import AuditEvent

SERVICE = "service:"


@dataclass(frozen=True)
class Step:
    """One change of state: when, by whom, what, and where to."""

    at: datetime
    actor: str
    what: str
    state: State


def steps_of(session: Session, request: EgressRequest, part: Who) -> tuple[Step, ...]:
    """Every change of state that everybody may know of, oldest first."""
    prefix = direction_of(request).event_prefix
    events = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.project == request.project_slug, AuditEvent.event.startswith(prefix))
        .where(AuditEvent.at >= request.created_at, AuditEvent.detail.contains(request.id))
        .order_by(AuditEvent.seq)
    )
    steps: list[Step] = _begin(session, request) if is_planted(session, request.id) else []
    for event in events:
        detail = json.loads(event.detail)
        if detail.get("request") != request.id or "to" not in detail:
            continue
        state = public_state(State(detail["to"]), part)
        if steps and steps[-1].state is state:  # a first review, a vote that changed nothing
            continue
        what = event.event.removeprefix(prefix).replace("_", " ")
        steps.append(Step(event.at, _name_actor(session, event.actor, request, part), what, state))
    return tuple(steps)


def _begin(session: Session, request: EgressRequest) -> list[Step]:
    """The first two steps of a planted request: the chain holds no event of an author who did nothing."""
    author = name_of(session, request.author)
    return [
        Step(request.created_at, author, "drafted", State.DRAFT),
        Step(request.submitted_at or request.created_at, author, "submitted", State.SUBMITTED),
    ]


def _name_actor(session: Session, actor: str, request: EgressRequest, part: Who) -> str:
    if actor.startswith(SERVICE):
        return f"{actor.removeprefix(SERVICE)} service"
    if part is Who.AUTHOR and actor != request.author:
        return "the reviewers"
    return name_of(session, actor)
