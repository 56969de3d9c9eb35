"""How a request comes to be and is approved. Promise: nothing is asked about people who are not in the extract in
force, and an approval is given with the keyholder's own key or not at all.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from governance.clock import now
from governance.extracts import ProjectData, load_project_data
from governance.refusal import Refusal
from governance.registry import current_extract
from governance.registry.reidentification import Asked, approve_request, check_parties, file_request
from governance.registry.reidentification_states import KEYHOLDERS_NEEDED, MOST_PEOPLE, State
from governance.registry.sealing_keys import check_reidentification_open, keyholders, sealing_key
from governance.registry.validation import check_text_names_nobody
from governance.roles import ExtractOrigin
from governance.settings import Settings
from governance.store import Store
from intake.reidentification.own_key import OwnKey
from intake.reidentification.presence import present
from intake.reidentification.record import read_open_request
from intake.reidentification.sealing import Terms, pass_on, seal


@dataclass(frozen=True)
class Question:
    """Who asks whom about whom. `keyholders`: empty where there are just two."""

    project: str
    requested_by: str
    clinician: str
    legal_ground: str
    purpose: str
    pseudonyms: tuple[int, ...]
    keyholders: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Question({self.project})"


def ask(settings: Settings, store: Store, question: Question, *, actor: str) -> str:
    """Seal a question and put it before two keyholders; returns the request's id.

    Raises Refusal `reidentification-closed`, `too-many-people`, `not-in-extract`, `not-of-the-region` and those of
    `file_request`.
    """
    asked = frozenset(question.pseudonyms)
    if not 1 <= len(asked) <= MOST_PEOPLE:
        raise Refusal("too-many-people", f"A request names 1 to {MOST_PEOPLE} pseudonyms.", "Ask about persons.")
    with store.reading() as session:
        two = _two_keyholders(session, question.keyholders)
        check_parties(session, question.project, question.requested_by, question.clinician, two)
        data = load_region_extract(settings, session, question.project)
        clinician_key, *keyholder_keys = (sealing_key(session, one).hex() for one in (question.clinician, *two))
    if present(data.database, asked) != asked:
        raise Refusal(
            "not-in-extract",
            "Not every pseudonym is one of this project's extract in force.",
            "Give person_id values of this project's extract.",
        )
    created = now()
    terms = _terms(question, two, (clinician_key, keyholder_keys[0], keyholder_keys[1]), created)
    sealed = seal(terms, sorted(asked)).to_bytes()
    filed = Asked(
        terms.id,
        terms.project,
        terms.requested_by,
        terms.clinician,
        two,
        terms.legal_ground,
        terms.purpose,
        terms.people,
        sealed,
        created,
    )
    file_request(store, actor=actor, asked=filed, hours=settings.reidentification_hours)
    return terms.id


def approve(settings: Settings, store: Store, request_id: str, own: OwnKey) -> State:
    """One keyholder's yes: their half is opened with their own key and sealed to the clinician. Returns the state then.

    Raises Refusal `not-yours`, `request-late` and those of `read_open_request`, `pass_on` and `approve_request`.
    """
    at = now()
    with store.reading() as session:
        terms, sealed = read_open_request(session, request_id, own)
        if own.subject not in terms.keyholders:
            raise Refusal("not-yours", "This is for somebody else to do.", "`sde reidentify list` says for whom.")
        if sealing_key(session, terms.clinician).hex() != terms.clinician_key:
            raise Refusal("not-enrolled", "The clinician has another key since this was asked.", "Ask anew.")
    share = pass_on(terms, sealed, own, at)
    hours = settings.reidentification_hours
    return approve_request(store, subject=own.subject, request_id=request_id, share=share, at=at, hours=hours)


def load_region_extract(settings: Settings, session: Session, project: str) -> ProjectData:
    """The project's extract in force, if it was cut from the region: nobody knows who is who in an adopted database.

    Raises Refusal `no-extract`, `extract-damaged`, `not-of-the-region`.
    """
    data = load_project_data(settings, session, project)
    extract = current_extract(session, project)
    if extract is None or extract.origin != ExtractOrigin.REGION:
        raise Refusal(
            "not-of-the-region",
            "This project's data was adopted, so nobody here knows who its people are.",
            "Ask who supplied the data.",
        )
    return data


def _terms(question: Question, two: tuple[str, str], public: tuple[str, str, str], created: datetime) -> Terms:
    """What the seals are bound to. `public`: the keys (hex) of the clinician and of both keyholders."""
    return Terms(
        id=secrets.token_hex(8),
        project=question.project,
        requested_by=question.requested_by,
        clinician=question.clinician,
        keyholders=two,
        legal_ground=question.legal_ground,
        purpose=check_text_names_nobody(question.purpose, "purpose"),
        people=len(frozenset(question.pseudonyms)),
        created_at=created.isoformat(),
        clinician_key=public[0],
        keyholder_keys=public[1:],
    )


def _two_keyholders(session: Session, named: tuple[str, ...]) -> tuple[str, str]:
    check_reidentification_open(session)
    chosen = named or keyholders(session)
    if len(chosen) != KEYHOLDERS_NEEDED:
        raise Refusal(
            "keyholders-not-two", "Two different keyholders decide.", "Name two: --keyholder A --keyholder B."
        )
    return chosen[0], chosen[1]
