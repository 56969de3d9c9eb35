"""Register actions on people: add, suspend, restore, roles, training."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.channels import end_channels
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_organisation, find_person
from governance.registry.validation import check_date, check_name, check_optional_name, check_subject, check_word
from governance.roles import Role
from governance.store import Store
from governance.store.channels import Channel
from governance.store.people import Person, PersonRole, TrainingRecord
from governance.store.projects import Membership


def add_person(store: Store, *, actor: str, subject: str, name: str, organisation: str) -> None:
    """Register a person of a registered organisation. It gives no access: that takes training and a membership.

    Raises Refusal `bad-subject`, `bad-name`, `no-such-organisation`, `already-exists`.
    """
    subject, name = check_subject(subject), check_name(name, "name")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        if session.get(Person, subject) is not None:
            raise Refusal("already-exists", "This person is registered already.")
        home = find_organisation(session, organisation.strip())
        session.add(Person(subject=subject, name=name, organisation_name=home.name, registered_at=now()))
        append_event(session, event="person.added", actor=actor, detail={"subject": subject, "organisation": home.name})


def suspend_person(store: Store, *, actor: str, subject: str) -> None:
    """End all access of a person at once; their channels close in the same transaction.

    Raises Refusal `no-such-person`, `already-suspended`.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        person = find_person(session, subject)
        if person.suspended_at is not None:
            raise Refusal("already-suspended", "This person is suspended already.")
        person.suspended_at = now()
        append_event(session, event="person.suspended", actor=actor, detail={"subject": subject})
        end_channels(session, Channel.subject == subject, actor=actor)


def restore_person(store: Store, *, actor: str, subject: str) -> None:
    """Lift a suspension. Closed channels stay closed: the person opens the workspace anew.

    Raises Refusal `no-such-person`, `not-suspended`, `own-approval`.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=subject)
        person = find_person(session, subject)
        if person.suspended_at is None:
            raise Refusal("not-suspended", "This person is not suspended.")
        person.suspended_at = None
        append_event(session, event="person.restored", actor=actor, detail={"subject": subject})


def give_role(store: Store, *, actor: str, subject: str, role: str) -> None:
    """Give a service role. A live member of any project cannot become an output checker (separation of duties).

    Raises Refusal `unknown-role`, `no-such-person`, `already-exists`, `member-cannot-be-checker`, `own-approval`.
    """
    word = check_word(Role, role, "role")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=subject)
        person = find_person(session, subject)
        if word in {held.role for held in person.roles}:
            raise Refusal("already-exists", "This person holds the role already.")
        if word is Role.OUTPUT_CHECKER and _is_member_anywhere(session, subject):
            raise Refusal(
                "member-cannot-be-checker",
                "A member of a project cannot be an output checker.",
                "End the memberships first.",
            )
        person.roles.append(PersonRole(role=word.value))
        append_event(session, event="role.given", actor=actor, detail={"subject": subject, "role": word.value})


def withdraw_role(store: Store, *, actor: str, subject: str, role: str) -> None:
    """Take a service role away. Raises Refusal `unknown-role`, `no-such-person`, `role-not-held`."""
    word = check_word(Role, role, "role")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        person = find_person(session, subject)
        held = next((held for held in person.roles if held.role == word), None)
        if held is None:
            raise Refusal("role-not-held", "This person does not hold the role.")
        person.roles.remove(held)
        append_event(session, event="role.withdrawn", actor=actor, detail={"subject": subject, "role": word.value})


def record_training(
    store: Store, *, actor: str, subject: str, course: str, expires: date, certificate: str = ""
) -> None:
    """Record a course taken; the newest record of a course counts, `expires` is its last valid day.

    Raises Refusal `bad-name`, `bad-date`, `no-such-person`, `own-approval`.
    """
    course, certificate = check_name(course, "course"), check_optional_name(certificate, "certificate")
    check_date(expires, "expiry date")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=subject)
        person = find_person(session, subject)
        person.training.append(
            TrainingRecord(course=course, certificate=certificate, recorded_at=now(), expires_on=expires)
        )
        detail = {"subject": subject, "course": course, "expires": expires.isoformat()}
        append_event(session, event="training.recorded", actor=actor, detail=detail)
        if expires < today():  # a correction backwards ends access now
            end_channels(session, Channel.subject == subject, actor=actor)


def _is_member_anywhere(session: Session, subject: str) -> bool:
    live = select(Membership.id).where(
        Membership.subject == subject, Membership.removed_at.is_(None), Membership.until >= today()
    )
    return session.scalars(live.limit(1)).first() is not None
