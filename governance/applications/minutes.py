"""Minutes of a round: written by those who were there, immutable once the chair has signed. Promise: the digest of what
was signed is in the audit chain, so a later change shows.
"""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from governance.applications.moving import note
from governance.applications.parts import check_chair, check_member, load_application
from governance.applications.rounds import is_conflicted, newest_round
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.validation import check_text_names_nobody
from governance.store import Store
from governance.store.applications import Application
from governance.store.review import ReviewRound


def write_minutes(store: Store, *, actor: str, application: str, text: str) -> None:
    """Write the newest round's minutes, in place of what was written before the signature.

    Raises Refusal `no-such-application`, `own-application`, `no-open-round`, `minutes-signed`, `bad-name`.
    """
    said = check_text_names_nobody(text, "minutes")
    with store.transaction() as session:
        row = load_application(session, application)
        check_member(session, actor, row)
        held = _unsigned(session, row)
        held.minutes, held.minutes_sha256 = said, digest_of_minutes(said)
        note(session, row, "application.minutes_written", actor=actor, round=held.number, sha256=held.minutes_sha256)


def sign_minutes(store: Store, *, actor: str, application: str, sha256: str) -> None:
    """Sign the minutes one has read, named by their digest, of a round that is concluded.

    Raises Refusal `no-such-application`, `chair-only`, `own-application`, `conflict-declared`, `no-open-round`,
    `minutes-signed`, `minutes-changed`, `round-open`.
    """
    with store.transaction() as session:
        row = load_application(session, application)
        check_chair(session, actor, row)
        held = _unsigned(session, row)
        if held.concluded_at is None:
            raise Refusal("round-open", "The round is not concluded yet.", "Conclude it, then sign.")
        if is_conflicted(session, held, actor):
            raise Refusal("conflict-declared", "You declared a conflict in this round.", "Another chair signs.")
        if not held.minutes or sha256 != held.minutes_sha256 or sha256 != digest_of_minutes(held.minutes):
            raise Refusal("minutes-changed", "These are not the minutes as they are.", "Read them again, then sign.")
        held.signed_by, held.signed_at = actor, now()
        note(session, row, "application.minutes_signed", actor=actor, round=held.number, sha256=sha256)


def digest_of_minutes(text: str) -> str:
    """SHA-256 (hex)."""
    return hashlib.sha256(text.encode()).hexdigest()


def _unsigned(session: Session, application: Application) -> ReviewRound:
    held = newest_round(session, application)
    if held is None:
        raise Refusal("no-open-round", "No round of this application was held.", "It has not been accepted yet.")
    if held.signed_at is not None:
        raise Refusal("minutes-signed", "The minutes are signed and stay as they are.", "A later round has its own.")
    return held
