"""Public halves of keyholders' and clinicians' own keys. Promise: a key that was put into the register past the audit
chain is not believed.
"""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import can, check_holds_role
from governance.audit import append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_person
from governance.registry.reidentification_states import KEYHOLDERS_NEEDED
from governance.roles import Role
from governance.store import Store
from governance.store.audit_log import AuditEvent
from governance.store.intake import SealingKey
from governance.store.people import PersonRole

PUBLIC_KEY_BYTES = 32
ENROLLED = "reidentification.enrolled"


def enrol_sealing_key(store: Store, *, actor: str, subject: str, public_key: bytes) -> str:
    """Put a person's public key on record, in place of the one before; returns its fingerprint.

    Requests sealed to the key before can then not be approved or answered any more. Raises Refusal `bad-sealing-key`,
    `no-such-person`, `role-missing`, `own-approval`.
    """
    if len(public_key) != PUBLIC_KEY_BYTES or not any(public_key):
        raise Refusal("bad-sealing-key", "This is no public key.", "Make one: sde reidentify enrol.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=subject)
        find_person(session, subject)
        session.add(SealingKey(subject=subject, public_key=public_key, enrolled_at=now()))
        detail = {"subject": subject, "fingerprint": fingerprint(public_key)}
        append_event(session, event=ENROLLED, actor=actor, detail=detail)
    return fingerprint(public_key)


def sealing_key(session: Session, subject: str) -> bytes:
    """The person's newest public key, if the audit chain says the same of it. Raises Refusal `not-enrolled`."""
    newest = select(SealingKey).where(SealingKey.subject == subject).order_by(SealingKey.id.desc()).limit(1)
    held = session.scalars(newest).first()
    if held is None or _recorded(session, subject) != fingerprint(held.public_key):
        raise Refusal(
            "not-enrolled", "This person has no key to seal to.", "They make one: sde reidentify enrol SUBJECT."
        )
    return held.public_key


def keyholders(session: Session) -> tuple[str, ...]:
    """Everybody who holds the role in force and has a key, by subject."""
    named = session.scalars(select(PersonRole.subject).where(PersonRole.role == Role.KEYHOLDER.value))
    return tuple(
        subject
        for subject in sorted(named)
        if can(check_holds_role, session, subject, Role.KEYHOLDER) and can(sealing_key, session, subject)
    )


def check_reidentification_open(session: Session) -> None:
    """That there are two keyholders at all. Raises Refusal `reidentification-closed`, which is how a gateway starts."""
    if len(keyholders(session)) < KEYHOLDERS_NEEDED:
        raise Refusal(
            "reidentification-closed",
            "Nobody can be re-identified here: there are not two keyholders.",
            "An administrator gives two people the role keyholder; each makes a key: sde reidentify enrol.",
        )


def fingerprint(public_key: bytes) -> str:
    """32 hexadecimal digits by which two people can compare a key."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def _recorded(session: Session, subject: str) -> str:
    """The fingerprint of the subject's newest enrolment in the audit chain, or ""."""
    events = select(AuditEvent.detail).where(AuditEvent.event == ENROLLED).order_by(AuditEvent.seq.desc())
    for text in session.scalars(events):
        detail = json.loads(text)
        if detail.get("subject") == subject:
            return str(detail.get("fingerprint"))
    return ""
