"""A request as the register has it: its terms, what is sealed, and that both are what was filed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from governance.refusal import Refusal
from governance.registry.reidentification import approvals, find_request
from governance.registry.reidentification_states import State
from governance.registry.reidentification_views import is_as_recorded
from governance.registry.sealing_keys import sealing_key
from governance.store.intake import ReidentificationRequest
from intake.reidentification.own_key import OwnKey
from intake.reidentification.sealing import Sealed, Terms, tampered


def read_open_request(session: Session, request_id: str, own: OwnKey) -> tuple[Terms, Sealed]:
    """The terms and what is sealed, for somebody whose key is on record.

    Raises Refusal `no-such-request`, `request-ended`, `request-tampered`, `not-enrolled`, `not-your-key`.
    """
    row = find_request(session, request_id)
    if sealing_key(session, own.subject) != own.public_bytes:
        raise Refusal("not-your-key", "This key is not the one on record for you.", "Enrol it: sde reidentify enrol.")
    if State(row.state) in (State.ANSWERED, State.EXPIRED, State.REFUSED, State.WITHDRAWN):
        raise Refusal("request-ended", f"The request is {State(row.state).words}.", "Ask anew if it is still needed.")
    if not is_as_recorded(session, request_id):
        raise tampered()
    sealed = Sealed.from_bytes(row.sealed)
    return _terms(row, sealed), sealed


def passed_on(session: Session, request_id: str) -> list[tuple[str, datetime, bytes]]:
    """What the keyholders passed on to the clinician: who, when, their half as sealed."""
    return [(held.subject, held.approved_at, held.share) for held in approvals(session, request_id)]


def _terms(row: ReidentificationRequest, sealed: Sealed) -> Terms:
    return Terms(
        id=row.id,
        project=row.project_slug,
        requested_by=row.requested_by,
        clinician=row.clinician,
        keyholders=(row.first_keyholder, row.second_keyholder),
        legal_ground=row.legal_ground,
        purpose=row.purpose,
        people=row.people,
        created_at=row.created_at.isoformat(),
        clinician_key=sealed.clinician_key,
        keyholder_keys=sealed.keyholder_keys,
    )
