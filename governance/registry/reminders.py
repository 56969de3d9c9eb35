"""Reminders before something ends. Promise: each person is told once of each thing at each of the days that the service
set, and after a pause of the service of the nearest only; a renewal is a new thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.clock import now, today
from governance.standing.endings import Ending, EndingKind, find_endings
from governance.store import Store
from governance.store.notices import MailAddress
from governance.store.stops import Reminder

SERVICE = "service:reminders"
MOST_SHOWN = 20
WORDS: Mapping[EndingKind, str] = {
    EndingKind.TRAINING: "Your training ends on {on}: {of}. Renew it and have it recorded.",
    EndingKind.AFFILIATION: "Your affiliation to an organisation ends on {on}. Tell us where you work then.",
    EndingKind.AGREEMENT: "The agreement with {of} ends on {on}. Its people can do nothing after that day.",
    EndingKind.MEMBERSHIP: "Your membership of the project {of} ends on {on}.",
    EndingKind.PROJECT: "The project {of} ends on {on}. Apply for a renewal if it is to go on.",
    EndingKind.APPROVAL: "The {of} ends on {on}. All work in the project ends with it unless it is renewed.",
}


@dataclass(frozen=True)
class ReminderView:
    """One unread reminder, for its person."""

    id: int
    words: str
    until: date


@dataclass(frozen=True)
class _Due:
    subject: str
    ending: Ending
    days: int

    @property
    def key(self) -> tuple[str, str, str, date, int]:
        return self.subject, self.ending.kind.value, self.ending.target, self.ending.on, self.days


def remind_of_endings(store: Store, days: Iterable[int]) -> int:
    """One round; returns how many reminders were written."""
    stages = tuple(sorted(set(days)))
    if not stages:
        return 0
    with store.reading() as session:
        due = list(_find_due(session, stages))
        told = _already(session, stages)
    new = [one for one in due if one.key not in told]
    if not new:
        return 0
    with store.transaction() as session:
        told = _already(session, stages)  # another may have been at it
        new = [one for one in new if one.key not in told]
        mailed = set(session.scalars(select(MailAddress.subject)))
        session.add_all(_row(one, mailed) for one in new)
        if new:
            append_event(session, event="reminder.written", actor=SERVICE, detail={"reminders": len(new)})
    return len(new)


def unread_reminders(session: Session, subject: str) -> tuple[ReminderView, ...]:
    """The person's unread reminders of what has not ended yet, soonest first; of one thing the newest only."""
    mine = (Reminder.subject == subject, Reminder.read_at.is_(None), Reminder.until >= today())
    rows = session.scalars(select(Reminder).where(*mine).order_by(Reminder.until, Reminder.id)).all()
    newest = {(row.kind, row.target, row.until): row for row in rows}
    return tuple(ReminderView(row.id, words_of(row), row.until) for row in list(newest.values())[:MOST_SHOWN])


def mark_reminders_read(store: Store, *, actor: str, up_to: int) -> int:
    """Mark the actor's own up to that one; returns how many were unread."""
    with store.transaction() as session:
        unread = (Reminder.subject == actor, Reminder.read_at.is_(None), Reminder.id <= up_to)
        ids = list(session.scalars(select(Reminder.id).where(*unread)))
        session.execute(update(Reminder).where(Reminder.id.in_(ids)).values(read_at=now()))
        if ids:
            append_event(session, event="reminder.read", actor=actor, detail={"reminders": len(ids), "up_to": up_to})
        return len(ids)


def words_of(row: Reminder) -> str:
    """The sentence for the person."""
    return WORDS[EndingKind(row.kind)].format(of=row.of, on=f"{row.until.day} {row.until:%B %Y}")


def _find_due(session: Session, stages: tuple[int, ...]) -> Iterator[_Due]:
    for ending in find_endings(session, stages[-1]):
        left = (ending.on - today()).days
        stage = next(days for days in stages if left <= days)
        for subject in ending.people:
            yield _Due(subject, ending, stage)


def _already(session: Session, stages: tuple[int, ...]) -> set[tuple[str, str, str, date, int]]:
    near = Reminder.until.between(today(), today() + timedelta(days=stages[-1]))
    rows = select(Reminder.subject, Reminder.kind, Reminder.target, Reminder.until, Reminder.days).where(near)
    return {tuple(row) for row in session.execute(rows)}  # type: ignore[misc]


def _row(due: _Due, mailed: set[str]) -> Reminder:
    moment, has_address = now(), due.subject in mailed
    return Reminder(
        subject=due.subject,
        kind=due.ending.kind.value,
        target=due.ending.target,
        of=due.ending.of,
        until=due.ending.on,
        days=due.days,
        written_at=moment,
        mail="waiting" if has_address else "none",
        mail_at=moment if has_address else None,
    )
