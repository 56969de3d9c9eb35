"""The audit chain. Promise: every step leaves one event in the same transaction as its change of state, no event can be
changed, dropped or inserted without `verify_chain` naming the first broken one, and the newest cannot be cut off.

Each event's digest is SHA-256 over a canonical JSON text of its columns and the previous digest (the construction of
Schneier & Kelsey 1999, without forward keys). The newest digest is also signed with Ed25519 and kept outside the
register, so that a shortened chain shows.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from governance.clock import now
from governance.store.audit_log import AuditEvent

GENESIS = "0" * 64
Detail = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True)
class Head:
    """The newest event: its number (from 1; 0 = empty chain) and digest."""

    seq: int
    digest: str


@dataclass(frozen=True)
class ChainReport:
    """Outcome of a verification. `broken_seq` names the first broken event, None if the chain holds."""

    events: int
    broken_seq: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        """True when nothing is broken."""
        return self.broken_seq is None


def append_event(
    session: Session, *, event: str, actor: str, project: str | None = None, detail: Detail | None = None
) -> AuditEvent:
    """Add one event in the caller's transaction; the caller's change and the event stand or fall together.

    Args:
        session: of `Store.transaction()`.
        event: dotted fixed name, e.g. `egress.voted`, `query.answered`.
        actor: subject of the person, or `service:<name>`.
        project: slug, if the step concerns one.
        detail: small facts; never a data value, SQL text or token.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(7305)"))  # one appender at a time
    head = read_head(session)
    row = AuditEvent(
        seq=head.seq + 1,
        at=now(),
        event=event,
        actor=actor,
        project=project,
        detail=json.dumps(detail or {}, sort_keys=True, separators=(",", ":")),
        previous=head.digest,
    )
    row.digest = _digest(row)
    session.add(row)
    session.flush()
    session.info["audit_head"] = Head(row.seq, row.digest)
    return row


def read_head(session: Session) -> Head:
    """The newest event of the chain as this session sees it."""
    newest = session.execute(
        select(AuditEvent.seq, AuditEvent.digest).order_by(AuditEvent.seq.desc()).limit(1)
    ).one_or_none()
    return Head(newest.seq, newest.digest) if newest else Head(0, GENESIS)


def read_events(session: Session) -> Iterator[AuditEvent]:
    """Every event, oldest first."""
    yield from session.scalars(select(AuditEvent).order_by(AuditEvent.seq).execution_options(yield_per=1000))


def verify_chain(session: Session, head_file: Path | None, signing_key: Path | None) -> ChainReport:
    """Walk the whole chain, then compare its end with the signed head. Needs no running service."""
    previous, count = GENESIS, 0
    signed, problem = _read_signed_head(head_file, signing_key)
    for row in read_events(session):
        count += 1
        if row.seq != count:
            return ChainReport(count - 1, count, f"event {count} is missing")
        if row.previous != previous:
            return ChainReport(count - 1, count, "does not follow the event before it")
        if row.digest != _digest(row):
            return ChainReport(count - 1, count, "was changed after it was written")
        if signed is not None and signed.seq == row.seq and signed.digest != row.digest:
            return ChainReport(count - 1, count, "differs from the signed head: history was rewritten")
        previous = row.digest
    if signed is not None and signed.seq > count:
        return ChainReport(count, count + 1, f"missing: the signed head knows {signed.seq} events")
    return ChainReport(count, count or 1, problem) if problem and count else ChainReport(count)


def sign_head(head_file: Path, signing_key: Path, head: Head) -> None:
    """Write the signed head after a commit. An older head never replaces a newer one."""
    known, problem = _read_signed_head(head_file, signing_key)
    if problem == "" and known is not None and known.seq >= head.seq:
        return
    document = {"seq": head.seq, "digest": head.digest}
    document["signature"] = _load_key(signing_key).sign(_message(head)).hex()
    spare = head_file.with_suffix(f".{os.getpid()}.{head.seq}")
    spare.write_text(json.dumps(document))
    spare.replace(head_file)


def _read_signed_head(head_file: Path | None, signing_key: Path | None) -> tuple[Head | None, str]:
    if head_file is None or signing_key is None:
        return None, ""
    try:
        document = json.loads(head_file.read_text())
        head = Head(int(document["seq"]), str(document["digest"]))
        _load_key(signing_key).public_key().verify(bytes.fromhex(document["signature"]), _message(head))
    except FileNotFoundError:
        return None, "the signed head is missing"
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return None, "the signed head is not valid"
    return head, ""


def _load_key(file: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the audit signing key is not Ed25519")
    return key


def _message(head: Head) -> bytes:
    return f"sde-audit-head:{head.seq}:{head.digest}".encode()


def _digest(row: AuditEvent) -> str:
    body = [row.seq, _canonical(row.at), row.event, row.actor, row.project, row.detail, row.previous]
    return hashlib.sha256(json.dumps(body, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


def _canonical(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
