"""Walks the whole audit chain and compares its end with the signed head. Promise: the first event that was changed,
dropped, inserted, moved or cut off is named; a database full of nonsense is reported, never a crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Row, String, select, type_coerce
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from governance.audit.chain import GENESIS, Head, digest_event
from governance.audit.signed_head import read_signed_head
from governance.store.audit_log import AuditEvent

BATCH = 1_000  # rows read at a time


@dataclass(frozen=True)
class ChainReport:
    """Outcome of a verification.

    Attributes:
        events: how many events, from the first on, are proven unbroken.
        broken_seq: number of the first broken event (of the event that should come next, when the end is missing or
            cannot be proven); None if the chain holds.
        reason: what is wrong with it; empty if the chain holds.
        broken_event: name of the broken event, if it can be read.
        unsigned: events newer than the signed head (a crash between commit and signing leaves at most a few).
    """

    events: int
    broken_seq: int | None = None
    reason: str = ""
    broken_event: str = ""
    unsigned: int = 0

    @property
    def holds(self) -> bool:
        """True when nothing is broken."""
        return self.broken_seq is None


class _Break(NamedTuple):
    seq: int
    reason: str


def verify_chain(session: Session, head_file: Path | None, signing_key: Path | None) -> ChainReport:
    """Check every event, then the end against the signed head. Needs no running service.

    Without `head_file` and `signing_key` a shortened or wholly recomputed chain cannot be seen.
    """
    signed, problem = None, ""
    if head_file is not None and signing_key is not None:
        signed, problem = read_signed_head(head_file, signing_key)
    walked = _walk(session, signed, BATCH)
    if not walked.holds:
        return walked
    count = walked.events
    if problem:
        return ChainReport(count, count + 1, f"the end of the chain cannot be proven: {problem}")
    if signed is not None and signed.seq > count:
        return ChainReport(count, count + 1, f"is missing: the signed head knows {signed.seq} events")
    return ChainReport(count, unsigned=count - signed.seq if signed is not None else 0)


def _walk(session: Session, signed: Head | None, batch: int) -> ChainReport:
    previous, count = GENESIS, 0
    try:
        for row in _read_raw(session, batch):
            broken = _find_break(row, count + 1, previous, signed)
            if broken is not None:
                return ChainReport(count, broken.seq, broken.reason, row.event if isinstance(row.event, str) else "")
            previous, count = row.digest, count + 1
    except DatabaseError:
        if batch > 1:  # the batch hides which of its rows is to blame
            return _walk(session, signed, 1)
        return ChainReport(count, count + 1, "cannot be read: the database holds bytes that are not text")
    return ChainReport(count)


def _find_break(row: Row[Any], expected: int, previous: str, signed: Head | None) -> _Break | None:
    if row.seq > expected:
        return _Break(expected, "is missing")
    if row.seq < expected:
        return _Break(row.seq, "does not belong to the chain")
    if row.previous != previous:
        return _Break(expected, "does not follow the event before it")
    if row.digest != _digest(row):
        return _Break(expected, "was changed after it was written")
    if signed is not None and signed.seq == expected and signed.digest != row.digest:
        return _Break(expected, "differs from the signed head: history was rewritten here or before")
    return None


def _digest(row: Row[Any]) -> str:
    try:
        return digest_event(row.seq, str(row.at), row.event, row.actor, row.project, row.detail, row.previous)
    except (ValueError, TypeError, OverflowError):
        return ""  # a value no event ever had


def _read_raw(session: Session, batch: int) -> Iterator[Row[Any]]:
    """Rows as the database holds them: a moment that is no moment must be reported, not raised."""
    columns = AuditEvent.__table__.c
    raw = [type_coerce(columns.at, String).label("at") if column.name == "at" else column for column in columns]
    yield from session.execute(select(*raw).order_by(columns.seq).execution_options(yield_per=batch))
