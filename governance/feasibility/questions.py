"""Feasibility questions on their way through the register. Promise: who asks is registered and in force, no more often
than the budget of a day allows, and each question and each answer is in the audit chain before it is told.

The portal writes a question, the query guard answers it: neither calls the other, and no SQL passes between them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from governance.access import check_person_in_force, check_project_in_force
from governance.audit import Detail, append_event
from governance.clock import now, today
from governance.feasibility.wish import SLUG, Search, Wish, read_wish
from governance.refusal import Refusal
from governance.roles import Mode, Purpose
from governance.store import Store
from governance.store.feasibility import FeasibilityQuestion

COUNTS_A_DAY, SEARCHES_A_DAY = 20, 100
MOST_WAITING = 2
MOST_SHOWN = 30
COUNT, SEARCH = "count", "search"
WAITING, ANSWERED, REFUSED = "waiting", "answered", "refused"
#: Purposes that honour every opt-out there is.
HONOURING_ALL = frozenset({Purpose.LOCAL_PLANNING.value, Purpose.LOCAL_RESEARCH.value})


@dataclass(frozen=True)
class Question:
    """One question of one person. `answer`: what was told: `people` (None: too few to say) or `concepts`."""

    id: int
    subject: str
    wish: Wish | Search
    state: str
    code: str
    people: int | None
    concepts: tuple[tuple[int, str], ...]
    asked_at: datetime


def check_may_ask(session: Session, subject: str) -> None:
    """Raises the refusals of a person not in force, and `feasibility-not-set-up` unless the project `feasibility` is in
    force, answers counts only, honours every opt-out and has no member."""
    check_person_in_force(session, subject)
    closed = Refusal("feasibility-not-set-up", "Feasibility counts are not open here.", "Ask the service desk.")
    try:
        project = check_project_in_force(session, SLUG)
    except Refusal:
        raise closed from None
    members = any(held.removed_at is None for held in project.memberships)
    if project.mode != Mode.AGGREGATE or project.purpose not in HONOURING_ALL or members:
        raise closed


def ask(store: Store, *, subject: str, wish: Wish | Search) -> int:
    """Put a question; returns its number. Raises the refusals of `check_may_ask`, `feasibility-spent`, `busy`."""
    kind = SEARCH if isinstance(wish, Search) else COUNT
    with store.transaction() as session:
        check_may_ask(session, subject)
        if questions_left(session, subject, kind) <= 0:
            raise Refusal("feasibility-spent", "You have asked all that one day allows.", "Go on tomorrow (UTC).")
        mine = (FeasibilityQuestion.subject == subject, FeasibilityQuestion.state == WAITING)
        if (session.scalar(select(func.count()).where(*mine)) or 0) >= MOST_WAITING:
            raise Refusal("busy", "Your earlier questions are not answered yet.", "Wait a moment, then ask again.")
        row = FeasibilityQuestion(subject=subject, kind=kind, document=wish.write(), state=WAITING, asked_at=now())
        session.add(row)
        session.flush()
        detail: Detail = {"number": row.id, "kind": kind, "wish": row.document}
        append_event(session, event="feasibility.asked", actor=subject, project=SLUG, detail=detail)
        return row.id


def questions_left(session: Session, subject: str, kind: str = COUNT) -> int:
    """How many more may be asked today (UTC)."""
    begins = datetime.combine(today(), time(), UTC)
    mine = (FeasibilityQuestion.subject == subject, FeasibilityQuestion.kind == kind)
    asked = session.scalar(select(func.count()).where(*mine, FeasibilityQuestion.asked_at >= begins)) or 0
    return (COUNTS_A_DAY if kind == COUNT else SEARCHES_A_DAY) - asked


def next_waiting(session: Session) -> Question | None:
    """The oldest question without an answer."""
    query = select(FeasibilityQuestion).where(FeasibilityQuestion.state == WAITING).order_by(FeasibilityQuestion.id)
    row = session.scalars(query.limit(1)).first()
    return None if row is None else _view(row)


def record_answer(store: Store, number: int, *, answer: dict[str, Any] | None, code: str = "") -> None:
    """Tell what was found, or (without an answer) the code of the refusal. A question is answered once."""
    with store.transaction() as session:
        row = session.get(FeasibilityQuestion, number)
        if row is None or row.state != WAITING:
            return
        row.state, row.code = (REFUSED, code) if answer is None else (ANSWERED, "")
        row.answer, row.answered_at = json.dumps(answer) if answer is not None else "", now()
        detail: Detail = {"number": row.id, "kind": row.kind, "code": code, "subject": row.subject}
        append_event(session, event=f"feasibility.{row.state}", actor="service:guard", project=SLUG, detail=detail)


def find_question(session: Session, subject: str, number: int) -> Question:
    """One of one's own. Raises Refusal `no-such-question`, whoever's it is."""
    row = session.get(FeasibilityQuestion, number)
    if row is None or row.subject != subject:
        raise Refusal("no-such-question", "You have asked no such question.", "Ask anew.")
    return _view(row)


def list_questions(session: Session, subject: str, kind: str = COUNT) -> tuple[Question, ...]:
    """One's own newest questions, newest first."""
    mine = (FeasibilityQuestion.subject == subject, FeasibilityQuestion.kind == kind)
    newest = select(FeasibilityQuestion).where(*mine).order_by(FeasibilityQuestion.id.desc()).limit(MOST_SHOWN)
    return tuple(_view(row) for row in session.scalars(newest))


def _view(row: FeasibilityQuestion) -> Question:
    told = json.loads(row.answer) if row.answer else {}
    concepts = tuple((int(one[0]), str(one[1])) for one in told.get("concepts", ()))
    wish = read_wish(row.document)
    return Question(row.id, row.subject, wish, row.state, row.code, told.get("people"), concepts, row.asked_at)
