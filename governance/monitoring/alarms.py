"""Alarms and their review. Promise: who an alarm is about does not review it, and each step leaves its event."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event
from governance.clock import now
from governance.monitoring.rules import CHAIN_BROKEN, RULES, Rule
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.registry.validation import check_text_names_nobody
from governance.roles import Role
from governance.store import Store
from governance.store.monitoring import Alarm

ACTOR = "service:monitoring"
MOST_SHOWN = 200
BY_NAME = {rule.name: rule for rule in (*RULES, CHAIN_BROKEN)}


class AlarmState(StrEnum):
    """Where an alarm is in its review."""

    OPEN = "open"
    LOOKED_AT = "looked-at"
    CLOSED = "closed"


@dataclass(frozen=True)
class AlarmView:
    """One alarm as it is shown."""

    number: int
    rule: str
    title: str
    look_at: str
    about: str
    project: str
    events: int
    last_seq: int
    at: datetime
    state: AlarmState
    looked_by: str
    looked_at: datetime | None
    closed_by: str
    closed_at: datetime | None
    note: str


def raise_alarm(
    session: Session, rule: Rule, about: str, at: datetime, *, events: int = 0, seq: int = 0, project: str | None = None
) -> int | None:
    """Raise it, unless the same was raised within the rule's window; returns its number."""
    latest = select(Alarm.at).where(Alarm.rule == rule.name, Alarm.about == about, Alarm.at > at - rule.window).limit(1)
    if session.scalar(latest) is not None:
        return None
    row = Alarm(
        rule=rule.name,
        about=about,
        project=project,
        events=events,
        last_seq=seq,
        at=at,
        raised_at=now(),
        state=AlarmState.OPEN.value,
    )
    session.add(row)
    session.flush()
    detail: Detail = {"alarm": row.id, "rule": rule.name, "subject": about, "events": events, "last": seq}
    append_event(session, event="alarm.raised", actor=ACTOR, project=project, detail=detail)
    return row.id


def look_at_alarm(store: Store, *, actor: str, number: int) -> None:
    """Say that one is looking into it. Raises Refusal `no-such-alarm`, `alarm-closed` and those of check_can_change."""
    with store.transaction() as session:
        row = _find_open(session, actor, number)
        row.state, row.looked_by, row.looked_at = AlarmState.LOOKED_AT.value, actor, now()
        append_event(session, event="alarm.looked-at", actor=actor, project=row.project, detail={"alarm": row.id})


def close_alarm(store: Store, *, actor: str, number: int, note: str) -> None:
    """End its review with a note of what was found. Raises as `look_at_alarm`, and those of the note."""
    with store.transaction() as session:
        row = _find_open(session, actor, number)
        row.note = check_text_names_nobody(note, "note")
        row.state, row.closed_by, row.closed_at = AlarmState.CLOSED.value, actor, now()
        detail: Detail = {"alarm": row.id, "sha256": hashlib.sha256(row.note.encode()).hexdigest()}
        append_event(session, event="alarm.closed", actor=actor, project=row.project, detail=detail)


def list_alarms(session: Session, *, everything: bool = False) -> tuple[AlarmView, ...]:
    """Those still to be reviewed, oldest first; with `everything` the newest of all, newest first."""
    asked = select(Alarm).limit(MOST_SHOWN)
    if everything:
        asked = asked.order_by(Alarm.id.desc())
    else:
        asked = asked.where(Alarm.state != AlarmState.CLOSED.value).order_by(Alarm.id)
    return tuple(map(_view, session.scalars(asked)))


def _find_open(session: Session, actor: str, number: int) -> Alarm:
    check_can_change(session, actor, Role.AUDITOR)
    row = session.get(Alarm, number)
    if row is None:
        raise Refusal("no-such-alarm", "There is no such alarm.", "`sde audit alarms` lists them.")
    if row.state == AlarmState.CLOSED.value:
        raise Refusal("alarm-closed", "This alarm is closed.")
    if row.about == actor:
        raise Refusal("own-alarm", "Nobody reviews an alarm about themselves.", "Ask another auditor.")
    return row


def _view(row: Alarm) -> AlarmView:
    rule = BY_NAME.get(row.rule)
    return AlarmView(
        number=row.id,
        rule=row.rule,
        title=rule.title if rule else row.rule,
        look_at=rule.look_at if rule else "",
        about=row.about,
        project=row.project or "",
        events=row.events,
        last_seq=row.last_seq,
        at=row.at,
        state=AlarmState(row.state),
        looked_by=row.looked_by,
        looked_at=row.looked_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        note=row.note,
    )
