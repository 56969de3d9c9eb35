"""Adds events to the audit chain and reads them. Promise: the event stands or falls with the caller's change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit.canonical import digest_event
from governance.audit.facts import PERSONAL
from governance.clock import now
from governance.store.audit_log import AuditEvent

GENESIS = "0" * 64
EVENT_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+")
LONGEST_DETAIL = 20_000  # characters of JSON; a detail is small facts
DETAIL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
Detail = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True)
class Head:
    """The newest event: its number (from 1; 0 = empty chain) and digest."""

    seq: int
    digest: str


def append_event(
    session: Session, *, event: str, actor: str, project: str | None = None, detail: Detail | None = None
) -> AuditEvent:
    """Add one event in the caller's transaction; the caller's change and the event stand or fall together.

    Args:
        session: of `Store.transaction()`, which lets one writer at a time in: no two events claim one place.
        event: dotted fixed name, e.g. `egress.voted`, `query.answered`.
        actor: subject of the person, `operator:<unix user>` or `service:<name>`.
        project: slug, if the step concerns one.
        detail: small facts; never a data value, SQL text or token.

    Raises ValueError for an event that is not of this form: the caller's change is then rolled back.
    """
    head = session.info.get("audit_head") or read_head(session)  # the transaction's own newest, if it wrote one
    row = AuditEvent(
        seq=head.seq + 1,
        at=now(),
        event=_check_name(event),
        actor=_check_actor(actor),
        project=project,
        detail=_write_detail(detail or {}),
        previous=head.digest,
    )
    row.digest = digest_event(row.seq, row.at.isoformat(), row.event, row.actor, row.project, row.detail, row.previous)
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


def _check_name(event: str) -> str:
    if not EVENT_NAME.fullmatch(event):
        raise ValueError("an event's name is dotted lowercase words")
    return event


def _check_actor(actor: str) -> str:
    if not 1 <= len(actor) <= 200:
        raise ValueError("an actor has 1-200 characters")
    return actor


def canonical_detail(detail: Detail) -> str:
    """The one text of an event's facts. Raises ValueError for what JSON has no number for."""
    return DETAIL.encode(detail)


def _write_detail(detail: Detail) -> str:
    if not all(isinstance(value, str | int | float | bool | None) for value in detail.values()):
        raise ValueError("a detail holds plain values only")
    if not PERSONAL.isdisjoint(detail):
        raise ValueError("a detail holds nothing personal but a subject's id")
    written = canonical_detail(dict(detail))
    if len(written) > LONGEST_DETAIL:
        raise ValueError("a detail is small facts")
    return written
