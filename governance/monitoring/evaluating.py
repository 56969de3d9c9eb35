"""Looks at the events that came since the last round and raises the alarms that the rules ask for. Promise: the outcome
rests on the events alone, not on when a round runs; a round that fails is done again whole.

What was looked at is a mark beside the alarms, moved in their transaction; moving it alone has no event of its own.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import read_head
from governance.clock import now
from governance.monitoring.alarms import raise_alarm
from governance.monitoring.rules import RULES, Rule, Seen
from governance.settings import Settings
from governance.store import Store
from governance.store.audit_log import AuditEvent
from governance.store.monitoring import MonitoringMark

MARK = "rules"
MOST_AT_ONCE = 2_000  # events of one round: others may write in between
MOST_EARLIER = 5_000  # earlier events that a rule counts at most
LONGEST = timedelta(days=1)


def evaluate(store: Store, settings: Settings) -> list[int]:
    """One round; returns the numbers of the alarms it raised."""
    with store.reading() as session:
        mark = session.get(MonitoringMark, MARK)
        if mark is not None and read_head(session).seq <= mark.seq:
            return []
    with store.transaction() as session:
        mark = session.get(MonitoringMark, MARK) or _first_mark(session)
        rows = _read(session, mark.seq)
        raised = [number for rule in RULES for number in _apply(session, settings, rule, rows, mark.seq)]
        mark.seq = rows[-1].seq if rows else mark.seq
    return raised


def _apply(session: Session, settings: Settings, rule: Rule, rows: Sequence[Seen], mark: int) -> Iterable[int]:
    new = [seen for seen in rows if rule.counts(seen.event) and rule.about(seen, settings) is not None]
    if not new:
        return
    earlier = _earlier(session, rule, new[0].at - rule.window, mark)
    threshold, given = rule.threshold(settings), [*(seen for seen in (*earlier, *rows) if seen.event in rule.after)]
    recent: dict[str, deque[datetime]] = defaultdict(deque)
    for seen in (*(one for one in earlier if rule.counts(one.event)), *new):
        about = rule.about(seen, settings)
        if about is None or (rule.after and not _follows(seen, given, rule.window)):
            continue
        times = recent[about]
        times.append(seen.at)
        while times[0] <= seen.at - rule.window:
            times.popleft()
        if seen.seq > mark and len(times) >= threshold:
            number = raise_alarm(session, rule, about, seen.at, events=len(times), seq=seen.seq, project=seen.project)
            if number is not None:
                yield number


def _follows(seen: Seen, given: Sequence[Seen], window: timedelta) -> bool:
    """Whether the same person, or everybody of the project, was given access within the window before."""
    return any(
        one.project == seen.project
        and one.subject in (seen.actor, one.actor)
        and timedelta(0) <= seen.at - one.at < window
        for one in given
    )


def _earlier(session: Session, rule: Rule, since: datetime, mark: int) -> list[Seen]:
    """What was looked at before and still counts."""
    if not rule.events:
        return []
    wanted = select(AuditEvent).where(AuditEvent.at > since, AuditEvent.seq <= mark)
    names = {name for name in (*rule.events, *rule.after) if not name.endswith(".")}
    if len(names) == len({*rule.events, *rule.after}):
        wanted = wanted.where(AuditEvent.event.in_(names))
    rows = session.scalars(wanted.order_by(AuditEvent.seq.desc()).limit(MOST_EARLIER)).all()
    return [_seen(row, None) for row in reversed(rows) if rule.counts(row.event) or row.event in rule.after]


def _read(session: Session, mark: int) -> list[Seen]:
    asked = select(AuditEvent).where(AuditEvent.seq >= mark).order_by(AuditEvent.seq).limit(MOST_AT_ONCE + 1)
    rows = session.scalars(asked).all()  # the one before, too: its time is compared
    before = dict(zip([row.seq for row in rows[1:]], [row.at for row in rows], strict=False))
    return [_seen(row, before.get(row.seq)) for row in rows if row.seq > mark]


def _seen(row: AuditEvent, before: datetime | None) -> Seen:
    return Seen(row.seq, row.at, row.event, row.actor, row.project, _facts(row.detail), before)


def _facts(detail: str) -> dict[str, Any]:
    try:
        facts = json.loads(detail)
    except ValueError:  # somebody changed it: the verification says so
        return {}
    return facts if isinstance(facts, dict) else {}


def _first_mark(session: Session) -> MonitoringMark:
    """A register that was never looked at: from a day back on, so that years of old events raise nothing now."""
    last = select(AuditEvent.seq).where(AuditEvent.at < now() - LONGEST).order_by(AuditEvent.at.desc()).limit(1)
    mark = MonitoringMark(name=MARK, seq=session.scalar(last) or 0)
    session.add(mark)
    return mark
