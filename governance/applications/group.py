"""The review group: who sits in it, as what, from when to when. Promise: nobody is in it twice, nobody appoints
themselves, and who once sat in it stays on record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.applications.kinds import MemberKind
from governance.audit import append_event
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_person
from governance.registry.validation import check_period, check_word
from governance.roles import Role
from governance.store import Store
from governance.store.people import Person
from governance.store.review import ReviewMember


@dataclass(frozen=True)
class MemberView:
    """One member. `in_force`: within the days and not withdrawn."""

    number: int
    subject: str
    name: str
    kind: str
    starts: date
    until: date
    in_force: bool


def appoint_member(
    store: Store, *, actor: str, subject: str, kind: str, until: date, starts: date | None = None
) -> int:
    """Appoint somebody from `starts` (default today) to `until`; returns the number of the appointment.

    Raises Refusal `unknown-kind`, `bad-date`, `ends-before-start`, `no-such-person`, `already-exists`, `own-approval`,
    `role-missing`.
    """
    word = check_word(MemberKind, kind, "kind")
    starts = starts if starts is not None else today()
    check_period(starts, until)
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=subject)
        find_person(session, subject)
        if any(row.starts_on <= until and starts <= row.until for row in _rows_of(session, subject)):
            raise Refusal(
                "already-exists", "This person sits in the group already in that time.", "Withdraw them first."
            )
        row = ReviewMember(
            subject=subject, kind=word.value, starts_on=starts, until=until, appointed_by=actor, appointed_at=now()
        )
        session.add(row)
        session.flush()
        detail = {"subject": subject, "kind": word.value, "from": starts.isoformat(), "until": until.isoformat()}
        append_event(session, event="review.member_appointed", actor=actor, detail=detail)
        return row.id


def withdraw_member(store: Store, *, actor: str, subject: str) -> None:
    """End somebody's appointment now. Raises Refusal `no-such-member`, `role-missing`."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        held = [row for row in _rows_of(session, subject) if row.until >= today()]
        if not held:
            raise Refusal(
                "no-such-member", "This person does not sit in the group.", "`sde review-group list` names them."
            )
        for row in held:
            row.withdrawn_at = now()
        append_event(session, event="review.member_withdrawn", actor=actor, detail={"subject": subject})


def list_members(session: Session) -> tuple[MemberView, ...]:
    """Everybody who sits or sat in the group, newest last."""
    rows = session.execute(
        select(ReviewMember, Person.name).join(Person, Person.subject == ReviewMember.subject).order_by(ReviewMember.id)
    )
    return tuple(
        MemberView(row.id, row.subject, name, row.kind, row.starts_on, row.until, _is_in_force(row))
        for row, name in rows
    )


def member_kind(session: Session, subject: str) -> MemberKind | None:
    """As what somebody sits in the group today, or None."""
    kinds = [row.kind for row in _rows_of(session, subject) if _is_in_force(row)]
    return MemberKind(kinds[0]) if kinds else None


def _rows_of(session: Session, subject: str) -> list[ReviewMember]:
    mine = (ReviewMember.subject == subject, ReviewMember.withdrawn_at.is_(None))
    return list(session.scalars(select(ReviewMember).where(*mine).order_by(ReviewMember.id)))


def _is_in_force(row: ReviewMember) -> bool:
    return row.withdrawn_at is None and row.starts_on <= today() <= row.until
