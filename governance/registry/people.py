"""Register actions on people: add, affiliate, suspend, restore, roles."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import can, check_person_in_force
from governance.audit import append_event
from governance.channels import end_channels
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_organisation, find_person
from governance.registry.validation import check_date, check_name, check_period, check_subject, check_word
from governance.roles import Role
from governance.store import Store
from governance.store.channels import Channel
from governance.store.people import Affiliation, Person, PersonRole
from governance.store.projects import Membership


def add_person(store: Store, *, actor: str, subject: str, name: str, organisation: str) -> None:
    """Register a person, affiliated from today on to a registered organisation. It gives no access: that takes training
    and a membership. `subject` is matched whole for ever: one that looks alike is somebody else.

    Raises Refusal `bad-subject`, `bad-name`, `no-such-organisation`, `already-exists`.
    """
    subject, name = check_subject(subject), check_name(name, "name")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        if session.get(Person, subject) is not None:
            raise Refusal("already-exists", "This person is registered already.")
        home = find_organisation(session, organisation.strip())
        person = Person(subject=subject, name=name, organisation_name=home.name, registered_at=now())
        person.affiliations.append(_affiliation(home.name, today(), None))
        session.add(person)
        append_event(session, event="person.added", actor=actor, detail={"subject": subject, "organisation": home.name})


def record_affiliation(
    store: Store,
    *,
    actor: str,
    subject: str,
    organisation: str,
    starts: date | None = None,
    until: date | None = None,
) -> None:
    """Say that a person works for an organisation from `starts` (default today) to `until` (None: no end), both
    inclusive. It corrects the affiliation to the same organisation that is on record; others stay.

    Raises Refusal `no-such-person`, `no-such-organisation`, `bad-date`, `ends-before-start`, `own-approval`.
    """
    first = check_start(starts, until)
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=subject)
        person, home = find_person(session, subject), find_organisation(session, organisation.strip())
        _withdraw_affiliations(person, home.name)
        person.affiliations.append(_affiliation(home.name, first, until))
        session.flush()
        detail = {"subject": subject, "organisation": home.name, "from": first.isoformat(), "until": str(until or "")}
        append_event(session, event="affiliation.recorded", actor=actor, detail=detail)
        end_if_out_of_force(session, subject, actor)


def end_affiliation(store: Store, *, actor: str, subject: str, organisation: str) -> None:
    """Say that a person no longer works for an organisation, from now on. Raises Refusal `no-such-person`,
    `no-such-affiliation`."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        person = find_person(session, subject)
        if not _withdraw_affiliations(person, organisation.strip()):
            raise Refusal("no-such-affiliation", "This person has no such affiliation.", "Look at their page.")
        detail = {"subject": subject, "organisation": organisation.strip()}
        append_event(session, event="affiliation.ended", actor=actor, detail=detail)
        end_if_out_of_force(session, subject, actor)


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


def end_if_out_of_force(session: Session, subject: str, actor: str) -> None:
    """Close a person's channels in the transaction of a change that ended their access."""
    if not can(check_person_in_force, session, subject):
        end_channels(session, Channel.subject == subject, actor=actor)


def check_start(starts: date | None, until: date | None) -> date:
    """The first day of a period that may have no end; today if it is not said. Raises Refusal `bad-date`,
    `ends-before-start`."""
    first = today() if starts is None else check_date(starts, "start date")
    if until is not None:
        check_period(first, until)
    return first


def _affiliation(organisation: str, starts: date, until: date | None) -> Affiliation:
    return Affiliation(organisation_name=organisation, starts_on=starts, until=until, recorded_at=now())


def _withdraw_affiliations(person: Person, organisation: str) -> bool:
    live = [row for row in person.affiliations if (row.organisation_name, row.withdrawn_at) == (organisation, None)]
    for row in live:
        row.withdrawn_at = now()
    return bool(live)


def _is_member_anywhere(session: Session, subject: str) -> bool:
    live = select(Membership.id).where(
        Membership.subject == subject, Membership.removed_at.is_(None), Membership.until >= today()
    )
    return session.scalars(live.limit(1)).first() is not None
