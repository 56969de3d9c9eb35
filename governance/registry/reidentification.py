"""Register actions on sealed requests for re-identification. Promise: each is one step along the table of states, by
somebody whose part it is and who is apart from the others, in one transaction with its audit event; what is sealed is
emptied when a request ends, however it ends.

What opens a request is not here: the halves are opened by keyholders' own keys (intake.reidentification). A state that
was written by hand opens nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from governance.access import check_can_ask_who, check_can_be_told_who, check_can_keep, check_holds_role
from governance.audit import Detail, append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.reidentification_states import (
    MOST_PEOPLE,
    MOST_REQUESTS_A_DAY,
    OPEN,
    Action,
    State,
    Transition,
    check_legal_ground,
    next_state,
)
from governance.registry.sealing_keys import check_reidentification_open, sealing_key
from governance.registry.validation import RESERVED_PREFIXES, check_text_names_nobody
from governance.roles import Role
from governance.store import Store
from governance.store.intake import ReidentificationApproval, ReidentificationRequest

CLOCK = "service:clock"


@dataclass(frozen=True)
class Asked:
    """A request as it is filed. `sealed`: see intake.reidentification.sealing; `people`: how many pseudonyms."""

    id: str
    project: str
    requested_by: str
    clinician: str
    keyholders: tuple[str, str]
    legal_ground: str
    purpose: str
    people: int
    sealed: bytes
    created_at: datetime


def check_parties(
    session: Session, project: str, requested_by: str, clinician: str, keyholders: tuple[str, str]
) -> None:
    """That everybody in a request is in force, enrolled where they need to be, and apart from the others.

    Raises Refusal `reidentification-closed`, `keyholders-not-two`, `not-enrolled` and those of governance.access.
    """
    check_reidentification_open(session)
    check_can_ask_who(session, requested_by, project)
    check_can_be_told_who(session, clinician, project, requested_by)
    if keyholders[0] == keyholders[1]:
        raise Refusal("keyholders-not-two", "Two different keyholders decide.", "Name two.")
    for keyholder in keyholders:
        check_can_keep(session, keyholder, project, requested_by, clinician)
    for subject in (clinician, *keyholders):
        sealing_key(session, subject)


def file_request(store: Store, *, actor: str, asked: Asked, hours: int) -> None:
    """Put a sealed request before two keyholders, for so many hours.

    Raises Refusal `too-many-people`, `too-many-requests`, `unknown-legal-ground`, `number-in-text`, `not-yours` and
    those of `check_parties`.
    """
    purpose, ground = check_text_names_nobody(asked.purpose, "purpose"), check_legal_ground(asked.legal_ground)
    if not 1 <= asked.people <= MOST_PEOPLE:
        raise Refusal("too-many-people", f"A request names 1 to {MOST_PEOPLE} pseudonyms.", "Ask about persons.")
    _check_is_actor(actor, asked.requested_by)
    with store.transaction() as session:
        check_parties(session, asked.project, asked.requested_by, asked.clinician, asked.keyholders)
        _check_not_too_often(session, asked.project)
        step = next_state(None, Action.REQUEST)
        session.add(
            ReidentificationRequest(
                id=asked.id,
                project_slug=asked.project,
                requested_by=asked.requested_by,
                clinician=asked.clinician,
                first_keyholder=asked.keyholders[0],
                second_keyholder=asked.keyholders[1],
                legal_ground=ground,
                state=step.target,
                purpose=purpose,
                sealed=asked.sealed,
                people=asked.people,
                created_at=asked.created_at,
                expires_at=asked.created_at + timedelta(hours=hours),
            )
        )
        session.flush()
        detail: Detail = {
            "request": asked.id,
            "requested_by": asked.requested_by,
            "clinician": asked.clinician,
            "first_keyholder": asked.keyholders[0],
            "second_keyholder": asked.keyholders[1],
            "legal_ground": ground,
            "purpose": purpose,
            "people": asked.people,
            "sealed_sha256": hashlib.sha256(asked.sealed).hexdigest(),
        }
        append_event(session, event=step.event, actor=actor, project=asked.project, detail=detail)


def approve_request(store: Store, *, subject: str, request_id: str, share: bytes, at: datetime, hours: int) -> State:
    """Record one keyholder's yes with their half, sealed to the clinician; returns the state it is in then. The second
    one gives the clinician the hours anew.

    Raises Refusal `approved-already`, `not-yours`, `wrong-state` and those of `check_parties`.
    """
    expire_requests(store)
    with store.transaction() as session:
        row = find_request(session, request_id)
        _check_named(subject, (row.first_keyholder, row.second_keyholder))
        step = next_state(State(row.state), Action.APPROVE)
        _check_parties_of(session, row)
        if session.get(ReidentificationApproval, (request_id, subject)) is not None:
            raise Refusal("approved-already", "You have approved this request already.", "The other keyholder decides.")
        session.add(ReidentificationApproval(request_id=request_id, subject=subject, share=share, approved_at=at))
        row.state = step.target
        if step.target is State.APPROVED:
            row.expires_at = now() + timedelta(hours=hours)
        _write_event(session, row, step, subject, {"state": step.target.value})
        return step.target


def answer_request(store: Store, *, subject: str, request_id: str, answered: int, withheld: int) -> None:
    """End an approved request because its named clinician is told now, once. The caller shows the answer after this.

    Raises Refusal `not-yours`, `wrong-state`, `approvals-missing` and those of `check_parties`.
    """
    expire_requests(store)
    with store.transaction() as session:
        row = find_request(session, request_id)
        _check_named(subject, (row.clinician,))
        step = next_state(State(row.state), Action.ANSWER)
        _check_parties_of(session, row)
        if {held.subject for held in approvals(session, request_id)} != {row.first_keyholder, row.second_keyholder}:
            raise Refusal("approvals-missing", "The request does not have both approvals.", "Tell the auditor.")
        _end(session, row, step, subject, {"answered": answered, "withheld": withheld})


def refuse_request(store: Store, *, actor: str, subject: str, request_id: str, reason: str) -> None:
    """End an open request by one keyholder's no; one is enough.

    Raises Refusal `not-yours`, `wrong-state`, `number-in-text` and those of `check_can_keep`.
    """
    said = check_text_names_nobody(reason, "reason")
    _check_is_actor(actor, subject)
    expire_requests(store)
    with store.transaction() as session:
        row = find_request(session, request_id)
        _check_named(subject, (row.first_keyholder, row.second_keyholder))
        step = next_state(State(row.state), Action.REFUSE)
        check_can_keep(session, subject, row.project_slug, row.requested_by, row.clinician)
        _end(session, row, step, actor, {"subject": subject, "reason": said})


def withdraw_request(store: Store, *, actor: str, subject: str, request_id: str) -> None:
    """End an open request by who asked, or by a data steward in force. Raises Refusal `not-yours`, `wrong-state`."""
    _check_is_actor(actor, subject)
    expire_requests(store)
    with store.transaction() as session:
        row = find_request(session, request_id)
        if subject != row.requested_by:
            check_holds_role(session, subject, Role.DATA_STEWARD)
        step = next_state(State(row.state), Action.WITHDRAW)
        _end(session, row, step, actor, {"subject": subject})


def expire_requests(store: Store) -> int:
    """End every open request whose time is up; returns how many."""
    with store.reading() as session:
        if not _due(session):
            return 0
    with store.transaction() as session:
        due = _due(session)
        for row in due:
            _end(session, row, next_state(State(row.state), Action.EXPIRE), CLOCK, {})
        return len(due)


def find_request(session: Session, request_id: str) -> ReidentificationRequest:
    """The request in whatever state. Raises Refusal `no-such-request`."""
    row = session.get(ReidentificationRequest, request_id)
    if row is None:
        raise Refusal("no-such-request", "There is no such request.", "`sde reidentify list` names them.")
    return row


def approvals(session: Session, request_id: str) -> list[ReidentificationApproval]:
    """The approvals of a request, oldest first."""
    query = select(ReidentificationApproval).where(ReidentificationApproval.request_id == request_id)
    return list(session.scalars(query.order_by(ReidentificationApproval.approved_at)))


def _due(session: Session) -> list[ReidentificationRequest]:
    query = select(ReidentificationRequest).where(
        ReidentificationRequest.state.in_([state.value for state in OPEN]), ReidentificationRequest.expires_at <= now()
    )
    return list(session.scalars(query))


def _end(session: Session, row: ReidentificationRequest, step: Transition, actor: str, detail: Detail) -> None:
    row.state, row.ended_at, row.sealed = step.target, now(), b""
    for approval in approvals(session, row.id):
        approval.share = b""
    _write_event(session, row, step, actor, detail)


def _write_event(session: Session, row: ReidentificationRequest, step: Transition, actor: str, detail: Detail) -> None:
    append_event(session, event=step.event, actor=actor, project=row.project_slug, detail={"request": row.id, **detail})


def _check_parties_of(session: Session, row: ReidentificationRequest) -> None:
    keyholders = (row.first_keyholder, row.second_keyholder)
    check_parties(session, row.project_slug, row.requested_by, row.clinician, keyholders)


def _check_not_too_often(session: Session, project: str) -> None:
    since = now() - timedelta(days=1)
    query = select(func.count()).where(
        ReidentificationRequest.project_slug == project, ReidentificationRequest.created_at > since
    )
    if (session.scalar(query) or 0) >= MOST_REQUESTS_A_DAY:
        raise Refusal(
            "too-many-requests",
            f"The project has asked {MOST_REQUESTS_A_DAY} times within a day.",
            "Ask tomorrow; re-identification is for single persons.",
        )


def _check_named(subject: str, named: tuple[str, ...]) -> None:
    if subject not in named:
        raise Refusal("not-yours", "This is for somebody else to do.", "`sde reidentify list` says for whom.")


def _check_is_actor(actor: str, subject: str) -> None:
    """The operator and the services act for people at the command line; a person acts for nobody else."""
    if actor != subject and not actor.startswith(RESERVED_PREFIXES):
        raise Refusal("not-yours", "Nobody acts for somebody else.", "Sign in as yourself.")
