"""A person's unread notices. Promise: a notice is shown only while its person may open the request it is about, and is
marked read by that person alone, with one audit event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, lazyload

from egress.airlock import Airlock
from egress.notices import Kind, words_of
from egress.policies import check_can_view
from governance.access import can, check_person_in_force
from governance.audit import append_event
from governance.clock import now
from governance.store.airlock import EgressRequest
from governance.store.notices import Notice

MOST_SHOWN = 20


@dataclass(frozen=True)
class NoticeView:
    """One unread notice, for its person."""

    id: int
    request: str
    title: str
    words: str
    written_at: datetime


def unread_notices(airlock: Airlock, viewer: str) -> tuple[NoticeView, ...]:
    """The viewer's newest unread notices, newest first. Raises those of check_person_in_force."""
    with airlock.store.reading() as session:
        check_person_in_force(session, viewer)
        mine = select(Notice).where(Notice.subject == viewer, Notice.read_at.is_(None))
        rows = session.scalars(mine.order_by(Notice.id.desc()).limit(MOST_SHOWN)).all()
        ids = {row.request_id for row in rows}
        found = session.scalars(select(EgressRequest).where(EgressRequest.id.in_(ids)).options(lazyload("*")))
        seen = {request.id: request for request in found if can(check_can_view, session, viewer, request)}
        return tuple(_show(row, seen[row.request_id]) for row in rows if row.request_id in seen)


def mark_read(airlock: Airlock, *, actor: str, up_to: int) -> int:
    """Mark the actor's own notices up to that one, the newest they were shown; returns how many were unread. Raises
    those of check_person_in_force."""
    with airlock.store.transaction() as session:
        check_person_in_force(session, actor)
        marked = _mark(session, actor, up_to)
        if marked:
            append_event(session, event="notice.read", actor=actor, detail={"notices": marked, "up_to": up_to})
        return marked


def _mark(session: Session, actor: str, up_to: int) -> int:
    unread = (Notice.subject == actor, Notice.read_at.is_(None), Notice.id <= up_to)
    ids = list(session.scalars(select(Notice.id).where(*unread)))
    session.execute(update(Notice).where(Notice.id.in_(ids)).values(read_at=now()))
    return len(ids)


def _show(notice: Notice, request: EgressRequest) -> NoticeView:
    words = words_of(Kind(notice.kind), request)
    return NoticeView(notice.id, notice.request_id, request.title, words, notice.written_at)
