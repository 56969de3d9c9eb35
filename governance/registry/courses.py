"""Register actions on courses: which training there is, whom it is required of, whose certificates are trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from governance.audit import Detail, append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.registry.training import find_course
from governance.registry.validation import check_name, check_optional_name, check_slug, check_word
from governance.roles import Capability, Role
from governance.store import Store
from governance.store.training import Course, CourseIssuer

MOST_MONTHS = 120


def set_course(
    store: Store, *, actor: str, code: str, title: str = "", months: int | None = None,
    required_for: Iterable[str] | None = None,
) -> None:  # fmt: skip
    """Add a course or change it: its title, its term in months (0: each certificate says it), whom it is required of
    (values of governance.roles.Capability). It counts at every gate from now on.

    Raises Refusal `bad-slug` or `bad-name` for the code of a new one, `bad-months`, `unknown-capability`.
    """
    wanted = None if required_for is None else [check_word(Capability, word, "capability") for word in required_for]
    title = check_optional_name(title, "title")
    if months is not None and not 0 <= months <= MOST_MONTHS:
        raise Refusal("bad-months", f"A term is 0 to {MOST_MONTHS} months.", "0 means that each certificate says it.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        course = session.get(Course, code.strip())
        if course is None:
            course = Course(code=check_slug(code.strip()), title=check_name(title, "title"), months=12, required_for="")
            session.add(course)
        course.title = title or course.title
        course.months = course.months if months is None else months
        if wanted is not None:
            course.required_for = ",".join(sorted({word.value for word in wanted}))
        course.withdrawn_at = None
        detail: Detail = {"course": course.code, "months": course.months, "required_for": course.required_for}
        append_event(session, event="course.set", actor=actor, detail=detail)


def withdraw_course(store: Store, *, actor: str, code: str) -> None:
    """Nothing depends on this course any more. Raises Refusal `unknown-course`."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        course = find_course(session, code)
        course.withdrawn_at = now()
        append_event(session, event="course.withdrawn", actor=actor, detail={"course": course.code})


def trust_issuer(store: Store, *, actor: str, course: str, name: str, pattern: str = "") -> None:
    """Trust a third party's certificates of a course. `pattern`: a regular expression for their whole number; one on
    record for the same name is replaced. Raises Refusal `bad-name`, `bad-pattern`, `unknown-course`."""
    name, pattern = check_name(name, "issuer"), check_optional_name(pattern, "pattern")
    try:
        re.compile(pattern)
    except re.error:
        raise Refusal("bad-pattern", "The pattern is no regular expression.", "For example: ONS-[0-9]{6}.") from None
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        held = find_course(session, course)
        _end(held, name)
        held.issuers.append(CourseIssuer(name=name, pattern=pattern))
        detail = {"course": held.code, "issuer": name, "pattern": pattern}
        append_event(session, event="course.issuer_trusted", actor=actor, detail=detail)


def distrust_issuer(store: Store, *, actor: str, course: str, name: str) -> None:
    """Take no more certificates of this issuer; those on record stay until they expire or are withdrawn. Raises Refusal
    `unknown-course`, `issuer-not-trusted`."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        held = find_course(session, course)
        if not _end(held, name.strip()):
            raise Refusal("issuer-not-trusted", "This issuer is not trusted for the course.")
        detail = {"course": held.code, "issuer": name.strip()}
        append_event(session, event="course.issuer_distrusted", actor=actor, detail=detail)


def _end(course: Course, name: str) -> bool:
    live = [row for row in course.issuers if row.withdrawn_at is None and row.name.casefold() == name.casefold()]
    for row in live:
        row.withdrawn_at = now()
    return bool(live)
