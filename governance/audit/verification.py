"""Proves the register's audit chain: every event, every signed day, and its end by the signed head. Promise: whatever
was changed, dropped, inserted, moved or cut off is named; a database full of nonsense is reported, never a crash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Row, String, select, type_coerce
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from governance.audit.days import read_signed_days
from governance.audit.signed_head import read_signed_head
from governance.audit.walking import ChainReport, Walk
from governance.store.audit_log import AuditEvent

BATCH = 2_000  # rows read at a time


def verify_chain(session: Session, head_file: Path | None, signing_key: Path | None) -> ChainReport:
    """Check every event, then the end against the signed head. Needs no running service.

    Without `head_file` and `signing_key` a shortened or wholly recomputed chain cannot be seen.
    """
    signed, problem, known, days = None, "", {}, 0
    if head_file is not None and signing_key is not None:
        signed, problem = read_signed_head(head_file, signing_key)
        signed_days, problem_of_days = read_signed_days(head_file, signing_key)
        known, days, problem = (
            {day.seq: day.digest for day in signed_days},
            len(signed_days),
            problem or problem_of_days,
        )
    known |= {signed.seq: signed.digest} if signed is not None else {}
    walk, report = _walk(session, known, BATCH)
    return walk.end(report, signed, problem, days)


def _walk(session: Session, known: Mapping[int, str], batch: int) -> tuple[Walk, ChainReport]:
    walk = Walk(known)
    try:
        return walk, walk.follow(read_raw(session, batch))
    except DatabaseError:
        if batch > 1:  # the batch hides which of its rows is to blame
            return _walk(session, known, 1)
        reason = "cannot be read: the database holds bytes that are not text"
        return walk, ChainReport(walk.events, walk.events + 1, reason)


def read_raw(session: Session, batch: int = BATCH, after: int | None = None) -> Iterator[Row[Any]]:
    """Rows of (seq, at, event, actor, project, detail, previous, digest) as the database holds them, oldest first: a
    moment that is no moment must be reported, not raised. PostgreSQL's moments are written out as SQLite keeps them."""
    columns = AuditEvent.__table__.c
    raw = [type_coerce(columns.at, String).label("at") if column.name == "at" else column for column in columns]
    asked = select(*raw).order_by(columns.seq)
    if after is not None:
        asked = asked.where(columns.seq > after)
    found = session.execute(asked.execution_options(yield_per=batch))
    if session.get_bind().dialect.name == "postgresql":
        for row in found:
            yield (row[0], str(row[1]), *row[2:])  # type: ignore[misc]  # a row is a tuple
    else:
        yield from found
