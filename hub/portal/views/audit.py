"""The audit events that an auditor asks for, a page at a time, newest first, for reading only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from governance.audit import read_head
from governance.audit.outcomes import Outcome, outcome_of
from governance.audit.searching import Wanted, event_names, find_events
from governance.refusal import Refusal
from governance.store.audit_log import AuditEvent

PAGE_EVENTS = 50
HIGHEST = 2**31 - 1  # an event's number in every database


@dataclass(frozen=True)
class EventRow:
    """One event. `facts` are its details in alphabetical order, without the empty ones."""

    seq: int
    at: datetime
    event: str
    outcome: str
    actor: str
    project: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AuditFilter:
    """What the form says, as it was typed. Days are UTC, both inclusive; empty means any."""

    since: str = ""
    until: str = ""
    event: str = ""
    actor: str = ""
    project: str = ""
    outcome: str = ""

    @property
    def query(self) -> str:
        """As the end of an address, without what is empty; for the link to older events."""
        return urlencode({name: value for name, value in vars(self).items() if value})


@dataclass(frozen=True)
class AuditPage:
    """One page. `events`: in the whole chain; `older`: the number below which the next page begins, 0 at the end;
    `newest`: whether this is the first page; `names`: every event there is, to choose from; `mistake`: in the form."""

    events: int
    rows: tuple[EventRow, ...]
    older: int
    newest: bool
    names: tuple[str, ...]
    asked: AuditFilter
    mistake: Refusal | None = None


def read_audit_page(session: Session, asked: AuditFilter, before: int | None) -> AuditPage:
    """The wanted events with a number below `before` (None: from the newest). A form that makes no sense finds none."""
    events, names = read_head(session).seq, tuple(event_names(session))
    try:
        wanted = _wanted(asked)
    except Refusal as mistake:
        return AuditPage(events, (), 0, True, names, asked, mistake)
    found = find_events(session, wanted, limit=PAGE_EVENTS + 1, before=None if before is None else min(before, HIGHEST))
    older = found[PAGE_EVENTS - 1].seq if len(found) > PAGE_EVENTS else 0
    return AuditPage(events, tuple(map(_read_row, found[:PAGE_EVENTS])), older, before is None, names, asked)


def _wanted(asked: AuditFilter) -> Wanted:
    since, until = (_begin_of(day) if day else None for day in (asked.since, asked.until))
    if asked.outcome and asked.outcome not in set(Outcome):
        raise Refusal("no-such-outcome", "There is no such outcome.", f"Use: {', '.join(Outcome)}.")
    return Wanted(
        since=since,
        until=_end_of(until) if until else None,
        event=asked.event.strip(),
        actor=asked.actor.strip(),
        project=asked.project.strip(),
        outcome=Outcome(asked.outcome) if asked.outcome else None,
    )


def _begin_of(day: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC)
    except ValueError:
        raise Refusal("bad-day", "A day is not of the calendar.", "Write it as 2026-01-31.") from None


def _end_of(begin: datetime) -> datetime | None:
    return begin + timedelta(days=1) if begin.date() < date.max else None


def _read_row(row: AuditEvent) -> EventRow:
    detail = json.loads(row.detail)
    facts = tuple((name.replace("_", " "), str(value)) for name, value in detail.items() if value not in (None, ""))
    return EventRow(row.seq, row.at, row.event, outcome_of(row.event).value, row.actor, row.project or "", facts)
