"""Finds events by moment, name, actor, project and outcome, a page at a time, newest first. Promise: a page costs the
same among a thousand events and among millions; pages are turned by the number of the last event seen, none twice.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from governance.audit.outcomes import Outcome, outcome_of
from governance.store.audit_log import AuditEvent


@dataclass(frozen=True)
class Wanted:
    """Which events. Empty means any; `event` is a name or a beginning that ends with a dot; `until` is exclusive."""

    since: datetime | None = None
    until: datetime | None = None
    event: str = ""
    actor: str = ""
    project: str = ""
    outcome: Outcome | None = None


def find_events(session: Session, wanted: Wanted, *, limit: int, before: int | None = None) -> list[AuditEvent]:
    """The newest `limit` events of those wanted, among those with a number below `before`."""
    asked = _bounded(session, wanted, before)
    if wanted.actor:
        asked = asked.where(AuditEvent.actor == wanted.actor)
    if wanted.project:
        asked = asked.where(AuditEvent.project == wanted.project)
    if not wanted.event and wanted.outcome is None:
        return list(session.scalars(asked.limit(limit)))
    # One look an event's name, each led by the index: asked for all names at once, a database would sort them all.
    found: list[Sequence[AuditEvent]] = [
        session.scalars(asked.where(AuditEvent.event == name).limit(limit)).all()
        for name in event_names(session)
        if _is_wanted(name, wanted)
    ]
    return list(islice(heapq.merge(*found, key=lambda row: -row.seq), limit))


def event_names(session: Session) -> list[str]:
    """Every name that any event has, in alphabetical order; each costs one look into the index."""
    names: list[str] = []
    while (
        name := session.scalar(select(func.min(AuditEvent.event)).where(AuditEvent.event > (names or [""])[-1]))
    ) is not None:
        names.append(name)
    return names


def _is_wanted(name: str, wanted: Wanted) -> bool:
    named = not wanted.event or name == wanted.event or (wanted.event.endswith(".") and name.startswith(wanted.event))
    return named and wanted.outcome in (None, outcome_of(name))


def _bounded(session: Session, wanted: Wanted, before: int | None) -> Select[AuditEvent]:
    """Moments become numbers, by which events lie in order. A clock that went back may bring in a few others."""
    asked = select(AuditEvent).order_by(AuditEvent.seq.desc())
    if before is not None:
        asked = asked.where(AuditEvent.seq < before)
    if wanted.since is not None:
        first = session.scalar(
            select(AuditEvent.seq).where(AuditEvent.at >= wanted.since).order_by(AuditEvent.at).limit(1)
        )
        asked = asked.where(AuditEvent.seq >= (first if first is not None else 2**31 - 1))
    if wanted.until is not None:
        last = session.scalar(
            select(AuditEvent.seq).where(AuditEvent.at < wanted.until).order_by(AuditEvent.at.desc()).limit(1)
        )
        asked = asked.where(AuditEvent.seq <= (last if last is not None else 0))
    return asked
