"""Register actions on training records: record a course taken, withdraw a record that proved wrong."""

from __future__ import annotations

import calendar
import re
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_person
from governance.registry.people import end_if_out_of_force
from governance.registry.validation import check_date, check_name, check_optional_name
from governance.roles import Role
from governance.store import Store
from governance.store.people import TrainingRecord
from governance.store.training import Course, CourseIssuer


def record_training(
    store: Store,
    *,
    actor: str,
    subject: str,
    course: str,
    expires: date | None = None,
    certificate: str = "",
    issuer: str = "",
    taken: date | None = None,
) -> date:
    """Record a course taken on `taken` (default today; before that day it does not count); the newest record of a
    course counts. Returns its last valid day: `expires`, or the course's own term after `taken`.

    A certificate of a third party names its `issuer`, who must be trusted for the course, and its number as they write
    it (SATRE 1.6.05). Who records it is on record as having looked at it.

    Raises Refusal `bad-name`, `bad-date`, `unknown-course`, `expiry-needed`, `issuer-not-trusted`, `bad-certificate`,
    `no-such-person`, `own-approval`.
    """
    certificate, issuer = check_optional_name(certificate, "certificate"), check_optional_name(issuer, "issuer")
    day = today() if taken is None else check_date(taken, "day on which it was taken")
    if expires is not None:
        check_date(expires, "expiry date")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=subject)
        person, wanted = find_person(session, subject), find_course(session, course)
        _check_issuer(wanted, issuer, certificate)
        ends = _find_end(wanted, day, expires)
        row = TrainingRecord(course=wanted.code, certificate=certificate, issuer=issuer, verified_by=actor)
        row.taken_on, row.recorded_at, row.expires_on = min(day, ends) if taken is None else day, now(), ends
        person.training.append(row)
        session.flush()
        detail = {"subject": subject, "course": wanted.code, "expires": ends.isoformat(), "issuer": issuer}
        append_event(session, event="training.recorded", actor=actor, detail=detail)
        end_if_out_of_force(session, subject, actor)  # a correction backwards ends access now
    return ends


def withdraw_training(store: Store, *, actor: str, subject: str, course: str, reason: str) -> None:
    """Take back the newest record of a course that proved wrong; the one before it counts again. Raises Refusal
    `bad-name`, `no-such-person`, `unknown-course`, `no-such-record`."""
    why = check_name(reason, "reason")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        person, code = find_person(session, subject), find_course(session, course).code
        live = [row for row in person.training if (row.course, row.withdrawn_at) == (code, None)]
        if not live:
            raise Refusal("no-such-record", "No such training is on record.", "Look at the person's page.")
        live[-1].withdrawn_at = now()
        detail = {"subject": subject, "course": code, "reason": why}
        append_event(session, event="training.withdrawn", actor=actor, detail=detail)
        end_if_out_of_force(session, subject, actor)


def find_course(session: Session, name: str) -> Course:
    """The course of this code or title that is not withdrawn. Raises Refusal `bad-name`, `unknown-course`."""
    wanted = check_name(name, "course")
    rows = session.scalars(select(Course).where(Course.withdrawn_at.is_(None)).order_by(Course.code)).all()
    for row in rows:
        if wanted == row.code:
            return row
    for row in rows:
        if wanted.casefold() == row.title.casefold():
            return row
    known = ", ".join(row.code for row in rows) or "none yet"
    raise Refusal("unknown-course", "There is no such course.", f"Add it first, or use one of: {known}.")


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _find_end(course: Course, taken: date, expires: date | None) -> date:
    if expires is not None:
        return expires
    if not course.months:
        raise Refusal("expiry-needed", "This course has no term of its own.", "Say until when the certificate holds.")
    return add_months(taken, course.months)


def _check_issuer(course: Course, issuer: str, certificate: str) -> None:
    if not issuer:
        return
    trusted = [row for row in course.issuers if row.withdrawn_at is None and row.name.casefold() == issuer.casefold()]
    if not trusted:
        raise Refusal("issuer-not-trusted", "This issuer is not trusted for the course.", "Add it to the course first.")
    if not any(_fits(row, certificate) for row in trusted):
        raise Refusal("bad-certificate", "This is no certificate number of that issuer.", "Copy it as it is written.")


def _fits(row: CourseIssuer, certificate: str) -> bool:
    return bool(certificate) and (not row.pattern or re.fullmatch(row.pattern, certificate) is not None)
