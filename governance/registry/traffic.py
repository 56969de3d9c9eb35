"""What passed between browsers and workspaces, by person, project and day (UTC). Promise: the first count of a day that
goes past the alarm or the cap stands in the audit log, once, in the transaction that records it.

The counts themselves are measurements, written every few seconds: they have no event each, and none is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.store import Store
from governance.store.traffic import WorkspaceTraffic

ACTOR = "service:edge"
ALARM, CAP = "workspace.traffic-alarm", "workspace.traffic-capped"


@dataclass(frozen=True)
class Passed:
    """What passed since it was last recorded. `out_bytes`: from the workspace to browsers."""

    subject: str
    project: str
    day: date
    requests: int
    out_bytes: int
    into_bytes: int


@dataclass(frozen=True)
class Crossed:
    """A day's count went past a limit just now. `event`: ALARM or CAP; `out_bytes`: the whole day's."""

    event: str
    subject: str
    project: str
    day: date
    out_bytes: int
    limit: int


def out_bytes_of_day(session: Session, subject: str, project: str, day: date) -> int:
    """Bytes that left the workspace on that day, as far as they are recorded."""
    row = session.get(WorkspaceTraffic, (subject, project, day))
    return 0 if row is None else row.out_bytes


def add_traffic(store: Store, passed: Iterable[Passed], *, alarm_bytes: int, cap_bytes: int) -> list[Crossed]:
    """Add to the days' counts; returns the limits that were crossed by it."""
    with store.transaction() as session:
        return add_passed(session, passed, alarm_bytes=alarm_bytes, cap_bytes=cap_bytes)


def add_passed(
    session: Session, passed: Iterable[Passed], *, alarm_bytes: int, cap_bytes: int, actor: str = ACTOR
) -> list[Crossed]:
    """The same in the caller's transaction."""
    crossed: list[Crossed] = []
    for more in passed:
        before, after = _add(session, more)
        for event, limit in ((ALARM, alarm_bytes), (CAP, cap_bytes)):
            if before <= limit < after:
                crossed.append(Crossed(event, more.subject, more.project, more.day, after, limit))
    for one in crossed:
        append_event(
            session,
            event=one.event,
            actor=actor,
            project=one.project,
            detail={
                "subject": one.subject,
                "day": one.day.isoformat(),
                "out_bytes": one.out_bytes,
                "limit": one.limit,
            },
        )
    return crossed


def _add(session: Session, more: Passed) -> tuple[int, int]:
    row = session.get(WorkspaceTraffic, (more.subject, more.project, more.day))
    if row is None:
        row = WorkspaceTraffic(
            subject=more.subject, project_slug=more.project, day=more.day, requests=0, out_bytes=0, into_bytes=0
        )
        session.add(row)
    before = row.out_bytes
    row.requests += more.requests
    row.out_bytes += more.out_bytes
    row.into_bytes += more.into_bytes
    session.flush()
    return before, row.out_bytes
