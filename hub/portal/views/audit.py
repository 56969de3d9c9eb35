"""The newest audit events, a page at a time, for reading only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import read_head
from governance.store.audit_log import AuditEvent

PAGE_EVENTS = 50


@dataclass(frozen=True)
class EventRow:
    """One event. `facts` are its details in alphabetical order, without the empty ones."""

    seq: int
    at: datetime
    event: str
    actor: str
    project: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AuditPage:
    """Page `page` of `pages` (from 1, newest events first)."""

    page: int
    pages: int
    events: int
    rows: tuple[EventRow, ...]


def read_audit_page(session: Session, page: int) -> AuditPage:
    """One page of events. A page that does not exist becomes the nearest one that does."""
    events = read_head(session).seq
    pages = max(1, -(-events // PAGE_EVENTS))
    page = min(max(page, 1), pages)
    rows = session.scalars(
        select(AuditEvent).order_by(AuditEvent.seq.desc()).offset((page - 1) * PAGE_EVENTS).limit(PAGE_EVENTS)
    )
    return AuditPage(page, pages, events, tuple(_read_row(row) for row in rows))


def _read_row(row: AuditEvent) -> EventRow:
    detail = json.loads(row.detail)
    facts = tuple((name.replace("_", " "), str(value)) for name, value in detail.items() if value not in (None, ""))
    return EventRow(row.seq, row.at, row.event, row.actor, row.project or "", facts)
