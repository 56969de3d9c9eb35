"""Every gate, every link of approval: expired, not started, removed, suspended, renewed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from governance import access
from governance.clock import now, today
from governance.demo_register import COURSE
from governance.refusal import Refusal
from governance.roles import Role
from governance.store import Store
from governance.store.people import OrganisationAgreement, Person, PersonRole, TrainingRecord
from governance.store.projects import Membership, Project

YESTERDAY, TODAY, TOMORROW = (today() + timedelta(days=days) for days in (-1, 0, 1))
WHO, CHECKER, WHERE = "researcher-a", "checker-a", "gi-bleed"

Change = Callable[[Session, str], None]


def agreement(**values: object) -> Change:
    return lambda session, subject: _run(
        session,
        update(OrganisationAgreement)
        .where(OrganisationAgreement.organisation_name == session.get_one(Person, subject).organisation_name)
        .values(**values),
    )


def person(**values: object) -> Change:
    return lambda session, subject: _run(session, update(Person).where(Person.subject == subject).values(**values))


def project(**values: object) -> Change:
    return lambda session, subject: _run(session, update(Project).where(Project.slug == WHERE).values(**values))


def membership(**values: object) -> Change:
    return lambda session, subject: _run(
        session,
        update(Membership).where(Membership.subject == subject, Membership.project_slug == WHERE).values(**values),
    )


def training(*records: tuple[str, int]) -> Change:
    """Replace what a person took of what everybody needs by (course, days from today) records, oldest first; `a` stands
    for that very course."""

    def change(session: Session, subject: str) -> None:
        taken = (TrainingRecord.subject == subject, TrainingRecord.course == COURSE)
        _run(session, delete(TrainingRecord).where(*taken))
        for course, days in records:
            ends = today() + timedelta(days=days)
            code = COURSE if course == "a" else course
            session.add(TrainingRecord(subject=subject, course=code, recorded_at=now(), expires_on=ends))
            session.flush()

    return change


def renewed_membership(session: Session, subject: str) -> None:
    membership(removed_at=now(), until=YESTERDAY)(session, subject)
    session.add(Membership(project_slug=WHERE, subject=subject, role="researcher", starts_on=TODAY, until=TODAY))


def no_change(session: Session, subject: str) -> None:
    pass


def _run(session: Session, statement: object) -> None:
    session.execute(statement)  # type: ignore[call-overload]
    session.expire_all()


#: What stops anybody: (what it is, change, code or "" if nothing stops)
OF_PEOPLE: list[tuple[str, Change, str]] = [
    ("in force", no_change, ""),
    ("suspended", person(suspended_at=now()), "person-suspended"),
    ("agreement ended", agreement(until=YESTERDAY), "organisation-expired"),
    ("agreement's last day", agreement(until=TODAY), ""),
    ("no training", training(), "training-missing"),
    ("training expired", training(("a", -1)), "training-expired"),
    ("training's last day", training(("a", 0)), ""),
    ("training renewed", training(("a", -1), ("a", 9)), ""),
    ("training corrected backwards", training(("a", 9), ("a", -1)), "training-expired"),
    ("one of two courses expired", training(("a", 9), ("b", -1)), "training-expired"),
]
OF_PROJECTS: list[tuple[str, Change, str]] = [
    ("draft", project(status="draft"), "project-not-active"),
    ("suspended project", project(status="suspended"), "project-not-active"),
    ("closed", project(status="closed"), "project-not-active"),
    ("not started", project(starts_on=TOMORROW), "project-not-started"),
    ("starts today", project(starts_on=TODAY), ""),
    ("project ended", project(ends_on=YESTERDAY), "project-ended"),
    ("project's last day", project(ends_on=TODAY), ""),
]
OF_MEMBERS: list[tuple[str, Change, str]] = [
    ("removed", membership(removed_at=now()), "not-a-member"),
    ("membership ended", membership(until=YESTERDAY), "membership-expired"),
    ("membership's last day", membership(until=TODAY), ""),
    ("membership not started", membership(starts_on=TOMORROW), "membership-expired"),
    ("membership renewed", renewed_membership, ""),
]
OF_ROLES: list[tuple[str, Change, str]] = [
    (
        "role withdrawn",
        lambda session, subject: _run(session, delete(PersonRole).where(PersonRole.subject == subject)),
        "role-missing",
    ),
]

MEMBER_GATES = (
    access.check_can_spawn,
    access.check_can_query,
    access.check_can_submit,
    access.check_can_download,
)


def expect(code: str, gate: Callable[..., object], *arguments: object) -> None:
    assert access.can(gate, *arguments) is (code == "")
    if not code:
        gate(*arguments)
        return
    with pytest.raises(Refusal) as refused:
        gate(*arguments)
    assert refused.value.code == code
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("what", "change", "code"),
    OF_PEOPLE + OF_PROJECTS + OF_MEMBERS,
    ids=lambda value: getattr(value, "__name__", str(value))[:30],
)
def test_a_member_needs_every_link(demo_register: Store, what: str, change: Change, code: str) -> None:
    with demo_register.reading() as session:
        change(session, WHO)
        for gate in MEMBER_GATES:
            expect(code, gate, session, WHO, WHERE)


@pytest.mark.parametrize(
    ("what", "change", "code"),
    OF_PEOPLE + OF_PROJECTS + OF_ROLES,
    ids=lambda value: getattr(value, "__name__", str(value))[:30],
)
def test_a_reviewer_needs_every_link(demo_register: Store, what: str, change: Change, code: str) -> None:
    with demo_register.reading() as session:
        change(session, CHECKER)
        expect(code, access.check_can_review, session, CHECKER, WHERE)


@pytest.mark.parametrize(
    ("what", "change", "code"), OF_PEOPLE + OF_ROLES, ids=lambda value: getattr(value, "__name__", str(value))[:30]
)
def test_an_administrator_needs_every_link(demo_register: Store, what: str, change: Change, code: str) -> None:
    with demo_register.reading() as session:
        change(session, "admin")
        expect(code, access.check_can_administer, session, "admin")


@pytest.mark.parametrize("subject", ["outsider", "", "RESEARCHER-A", "researcher-a "])
def test_only_the_registered_subject_passes_matched_whole(demo_register: Store, subject: str) -> None:
    with demo_register.reading() as session:
        expect("not-registered", access.check_member_in_force, session, subject, WHERE)


def test_a_project_of_others_and_one_that_does_not_exist_look_alike(demo_register: Store) -> None:
    said = set()
    with demo_register.reading() as session:
        for slug in ("respiratory", "no-such-project"):
            with pytest.raises(Refusal) as refused:
                access.check_member_in_force(session, WHO, slug)
            said.add(str(refused.value))
    assert len(said) == 1


def test_a_project_of_others_in_trouble_looks_like_any_other(demo_register: Store) -> None:
    with demo_register.reading() as session:
        _run(session, update(Project).where(Project.slug == "respiratory").values(status="suspended"))
        expect("not-a-member", access.check_member_in_force, session, WHO, "respiratory")


@pytest.mark.parametrize("removed", [False, True])
def test_who_is_or_was_a_member_cannot_review(demo_register: Store, removed: bool) -> None:
    with demo_register.reading() as session:
        held = Membership(project_slug=WHERE, subject=CHECKER, role="researcher", starts_on=TODAY, until=TODAY)
        held.removed_at = now() if removed else None
        session.add(held)
        expect("checker-is-member", access.check_can_review, session, CHECKER, WHERE)
        expect("", access.check_can_review, session, CHECKER, "respiratory")


def test_nobody_reviews_a_project_that_does_not_exist(demo_register: Store) -> None:
    with demo_register.reading() as session:
        expect("no-such-project", access.check_can_review, session, CHECKER, "nowhere")


def test_an_administrator_is_not_a_checker(demo_register: Store) -> None:
    with demo_register.reading() as session:
        expect("role-missing", access.check_holds_role, session, "admin", Role.OUTPUT_CHECKER)
        expect("role-missing", access.check_can_administer, session, WHO)
