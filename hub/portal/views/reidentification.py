"""Requests for re-identification as those see them who have a part in one. Promise: of a request only counts, purpose
and who decides are read; what is sealed in it never is, and nobody sees one in which they have no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, defer

from governance.clock import now
from governance.registry.reidentification import approvals
from governance.registry.reidentification_states import LEGAL_GROUNDS, OPEN, State
from governance.store.intake import ReidentificationRequest as Request
from governance.store.people import Person
from governance.store.projects import Project


@dataclass(frozen=True)
class RequestCard:
    """One open request in which the visitor has a part.

    Attributes:
        people: how many pseudonyms it names.
        state: in words.
        part: the visitor's: keyholder, clinician or requester.
        command: what the visitor types next; empty if others are to act.
        waits_for: in words.
        may_refuse, may_withdraw: in the portal.
    """

    id: str
    project: str
    purpose: str
    ground: str
    people: int
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    state: str
    part: str
    command: str
    waits_for: str
    may_refuse: bool
    may_withdraw: bool


def is_named(session: Session, subject: str) -> bool:
    """Whether any request, an ended one too, names the person."""
    return session.scalar(select(Request.id).where(_names(subject)).limit(1)) is not None


def read_my_requests(session: Session, subject: str) -> tuple[RequestCard, ...]:
    """The open requests that name the person, those that end first at the top."""
    rows = session.scalars(
        select(Request)
        .where(_names(subject), Request.state.in_([state.value for state in OPEN]), Request.expires_at > now())
        .options(defer(Request.sealed))
        .order_by(Request.expires_at, Request.id)
    )
    return tuple(_read(session, row, subject) for row in rows)


def _names(subject: str) -> ColumnElement[bool]:
    parts = (Request.requested_by, Request.clinician, Request.first_keyholder, Request.second_keyholder)
    return or_(*(part == subject for part in parts))


def _read(session: Session, row: Request, subject: str) -> RequestCard:
    part, command, waits_for = _next_step(session, row, subject)
    return RequestCard(
        id=row.id,
        project=session.get_one(Project, row.project_slug).title,
        purpose=row.purpose,
        ground=LEGAL_GROUNDS.get(row.legal_ground, row.legal_ground),
        people=row.people,
        asked_by=_name(session, row.requested_by),
        asked_at=row.created_at,
        expires_at=row.expires_at,
        state=State(row.state).words,
        part=part,
        command=command,
        waits_for=waits_for,
        may_refuse=part == "keyholder",
        may_withdraw=part == "requester",
    )


def _next_step(session: Session, row: Request, subject: str) -> tuple[str, str, str]:
    """The visitor's part, what they type next, and whom the request waits for."""
    said_yes = {approval.subject for approval in approvals(session, row.id)}
    is_approved = row.state == State.APPROVED
    if subject in (row.first_keyholder, row.second_keyholder):
        mine = subject not in said_yes and not is_approved
        waits = "you" if mine else "the clinician" if is_approved else "the other keyholder"
        return "keyholder", f"sde reidentify approve {row.id} --key YOUR-KEY-FILE" if mine else "", waits
    if subject == row.clinician:
        command = f"sde reidentify answer {row.id} --key YOUR-KEY-FILE" if is_approved else ""
        return "clinician", command, "you" if is_approved else "the keyholders"
    return "requester", "", "the clinician" if is_approved else "the keyholders"


def _name(session: Session, subject: str) -> str:
    person = session.get(Person, subject)
    return person.name if person is not None else "the operator"
