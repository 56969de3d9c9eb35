"""What people may read of requests for re-identification: who, why and where it stands; never what is sealed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.registry.reidentification import approvals, find_request
from governance.registry.reidentification_states import (
    LEGAL_GROUNDS,
    OPEN,
    TRANSITIONS,
    Action,
    State,
    next_state,
)
from governance.store.audit_log import AuditEvent
from governance.store.intake import ReidentificationRequest

REQUESTED = next_state(None, Action.REQUEST).event
_ENDS = frozenset(step.event for step in TRANSITIONS if step.target not in OPEN)


@dataclass(frozen=True)
class ReidentificationView:
    """One request. `people`: how many pseudonyms it names; `approved_by`: keyholders who have said yes."""

    id: str
    project: str
    requested_by: str
    clinician: str
    keyholders: tuple[str, str]
    legal_ground: str
    legal_ground_words: str
    purpose: str
    people: int
    state: State
    is_open: bool
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    approved_by: tuple[str, ...]

    def waits_for(self, subject: str) -> bool:
        """Whether the next step is this person's."""
        if self.state is State.APPROVED:
            return subject == self.clinician
        return self.is_open and subject in self.keyholders and subject not in self.approved_by


def list_requests(session: Session, *, subject: str | None = None) -> list[ReidentificationView]:
    """Every request, newest first; with a subject those they have a part in."""
    query = select(ReidentificationRequest).order_by(ReidentificationRequest.created_at.desc())
    views = [_view(session, row) for row in session.scalars(query)]
    return [
        view for view in views if subject is None or subject in (view.requested_by, view.clinician, *view.keyholders)
    ]


def show_request(session: Session, request_id: str) -> ReidentificationView:
    """One request. Raises Refusal `no-such-request`."""
    return _view(session, find_request(session, request_id))


def is_as_recorded(session: Session, request_id: str) -> bool:
    """Whether what is sealed is what the audit chain says was filed, and the chain knows of no end of it: a row that
    was put back as it stood before its answer is not."""
    row = find_request(session, request_id)
    filed = (REQUESTED, hashlib.sha256(row.sealed).hexdigest())
    events = select(AuditEvent.event, AuditEvent.detail).where(
        AuditEvent.event.in_([REQUESTED, *_ENDS]), AuditEvent.project == row.project_slug
    )
    said = [(event, json.loads(detail)) for event, detail in session.execute(events)]
    about = [(event, detail.get("sealed_sha256")) for event, detail in said if detail.get("request") == request_id]
    return about == [filed]


def _view(session: Session, row: ReidentificationRequest) -> ReidentificationView:
    state = State(row.state)
    return ReidentificationView(
        row.id,
        row.project_slug,
        row.requested_by,
        row.clinician,
        (row.first_keyholder, row.second_keyholder),
        row.legal_ground,
        LEGAL_GROUNDS.get(row.legal_ground, row.legal_ground),
        row.purpose,
        row.people,
        state,
        state in OPEN,
        row.created_at,
        row.expires_at,
        row.ended_at,
        tuple(held.subject for held in approvals(session, row.id)),
    )
