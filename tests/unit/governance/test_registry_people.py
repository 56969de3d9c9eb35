"""Actions on organisations and people: one change, one event, or a refusal and neither."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from governance import access, registry
from governance.audit import read_head
from governance.channels import open_channel
from governance.clock import today
from governance.refusal import Refusal
from governance.registry import views
from governance.store import Store
from governance.store.audit_log import AuditEvent
from governance.store.channels import Channel
from governance.store.people import Organisation, Person

BY = "operator:test"
WHO, WHERE = "researcher-a", "gi-bleed"
YESTERDAY, TOMORROW = (today() + timedelta(days=days) for days in (-1, 1))


def newest(store: Store, number: int = 1) -> list[str]:
    with store.reading() as session:
        names = session.scalars(select(AuditEvent.event).order_by(AuditEvent.seq.desc()).limit(number))
        return list(reversed(names.all()))


def refused(store: Store, code: str, action: object, **arguments: object) -> None:
    """The action is refused with this code and leaves neither a change nor an event."""
    with store.reading() as session:
        before = read_head(session)
    with pytest.raises(Refusal) as caught:
        action(store, **arguments)  # type: ignore[operator]
    assert caught.value.code == code
    with store.reading() as session:
        assert read_head(session) == before


def has_open_channel(store: Store, subject: str) -> bool:
    with store.reading() as session:
        query = select(Channel).where(Channel.subject == subject, Channel.closed_at.is_(None))
        return session.scalars(query).first() is not None


def test_adding_organisation_and_person(store: Store) -> None:
    registry.add_organisation(store, actor=BY, name=" North ", kind="nhs_body", agreement_until=TOMORROW)
    registry.add_person(store, actor=BY, subject="p", name=" P Q ", organisation="North")
    with store.reading() as session:
        person = session.get_one(Person, "p")
        (home,) = [held.organisation for held in person.affiliations]
        assert (person.name, home.name, home.kind) == ("P Q", "North", "nhs_body")
        (agreement,) = home.agreements
        assert (agreement.starts_on, agreement.until) == (today(), TOMORROW)
        event = session.scalars(select(AuditEvent).where(AuditEvent.event == "person.added")).one()
        assert event.actor == BY
        assert event.detail == '{"organisation":"North","subject":"p"}'
    assert newest(store, 2) == ["organisation.added", "person.added"]


def test_what_cannot_be_added(demo_register: Store) -> None:
    add_person, add_organisation = registry.add_person, registry.add_organisation
    good = {"actor": BY, "subject": "new", "name": "N", "organisation": "Northbridge University"}
    refused(demo_register, "already-exists", add_person, **{**good, "subject": WHO})
    refused(demo_register, "no-such-organisation", add_person, **{**good, "organisation": "Elsewhere"})
    refused(demo_register, "bad-subject", add_person, **{**good, "subject": "a/b"})
    refused(demo_register, "bad-name", add_person, **{**good, "name": " "})
    refused(demo_register, "already-exists", add_organisation, actor=BY, name="Northbridge University")
    refused(demo_register, "bad-name", add_organisation, actor=BY, name="")
    refused(demo_register, "bad-date", add_organisation, actor=BY, name="X", agreement_until="soon")


def test_suspension_ends_access_and_closes_the_workspace(demo_register: Store) -> None:
    open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    registry.suspend_person(demo_register, actor="admin", subject=WHO)
    assert newest(demo_register, 2) == ["person.suspended", "workspace.closed"]
    assert not has_open_channel(demo_register, WHO)
    with demo_register.reading() as session:
        assert not access.can(access.check_can_query, session, WHO, WHERE)
        closed = session.scalars(select(AuditEvent).where(AuditEvent.event == "workspace.closed")).one()
        assert closed.actor == "admin"
    refused(demo_register, "already-suspended", registry.suspend_person, actor=BY, subject=WHO)

    registry.restore_person(demo_register, actor=BY, subject=WHO)
    assert newest(demo_register) == ["person.restored"]
    assert not has_open_channel(demo_register, WHO), "a closed channel never opens again"
    with demo_register.reading() as session:
        assert access.can(access.check_can_query, session, WHO, WHERE)
    refused(demo_register, "not-suspended", registry.restore_person, actor=BY, subject=WHO)


def test_nobody_unknown_is_changed(demo_register: Store) -> None:
    refused(demo_register, "no-such-person", registry.suspend_person, actor=BY, subject="outsider")
    refused(demo_register, "no-such-person", registry.restore_person, actor=BY, subject="outsider")
    refused(demo_register, "no-such-person", registry.give_role, actor=BY, subject="outsider", role="auditor")
    refused(demo_register, "no-such-person", registry.withdraw_role, actor=BY, subject="outsider", role="auditor")
    refused(
        demo_register,
        "no-such-person",
        registry.record_training,
        actor=BY,
        subject="outsider",
        course="C",
        expires=TOMORROW,
    )
    refused(demo_register, "no-such-organisation", registry.renew_agreement, actor=BY, name="Nobody", until=None)


def test_roles_are_given_and_withdrawn(demo_register: Store) -> None:
    registry.give_role(demo_register, actor=BY, subject=WHO, role="auditor")
    with demo_register.reading() as session:
        assert views.show_person(session, WHO).roles == ("auditor",)
    refused(demo_register, "already-exists", registry.give_role, actor=BY, subject=WHO, role="auditor")
    registry.withdraw_role(demo_register, actor=BY, subject=WHO, role="auditor")
    assert newest(demo_register, 2) == ["role.given", "role.withdrawn"]
    with demo_register.reading() as session:
        assert views.show_person(session, WHO).roles == ()
    refused(demo_register, "role-not-held", registry.withdraw_role, actor=BY, subject=WHO, role="auditor")
    refused(demo_register, "unknown-role", registry.give_role, actor=BY, subject=WHO, role="god")


def test_a_live_member_cannot_become_a_checker(demo_register: Store) -> None:
    give = {"actor": BY, "subject": WHO, "role": "output_checker"}
    refused(demo_register, "member-cannot-be-checker", registry.give_role, **give)
    registry.remove_member(demo_register, actor=BY, slug=WHERE, subject=WHO)
    registry.give_role(demo_register, **give)  # type: ignore[arg-type]
    assert newest(demo_register) == ["role.given"]


def test_training_renews_access_and_an_expired_record_ends_it(demo_register: Store) -> None:
    open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    course = "Safe researcher training"
    record = {"actor": BY, "subject": WHO, "course": course}
    registry.record_training(demo_register, expires=YESTERDAY, **record)  # type: ignore[arg-type]
    assert newest(demo_register, 2) == ["training.recorded", "workspace.closed"]
    with demo_register.reading() as session:
        assert not access.can(access.check_can_spawn, session, WHO, WHERE)
    registry.record_training(demo_register, expires=today(), certificate="n 1", **record)  # type: ignore[arg-type]
    with demo_register.reading() as session:
        assert access.can(access.check_can_spawn, session, WHO, WHERE)
        assert [row.in_force for row in views.list_training(session, WHO)] == [True, False, True]
    refused(demo_register, "bad-date", registry.record_training, expires="soon", **record)
    refused(demo_register, "unknown-course", registry.record_training, **{**record, "course": "Juggling"})
    refused(demo_register, "bad-name", registry.record_training, expires=TOMORROW, **{**record, "course": ""})


def test_an_agreement_that_ended_cuts_the_organisation_off(demo_register: Store) -> None:
    open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    home = "Northbridge University"
    registry.renew_agreement(demo_register, actor=BY, name=home, until=today())
    assert has_open_channel(demo_register, WHO)
    registry.renew_agreement(demo_register, actor=BY, name=home, until=YESTERDAY)
    assert newest(demo_register, 2) == ["organisation.agreement_set", "workspace.closed"]
    assert not has_open_channel(demo_register, WHO)
    registry.renew_agreement(demo_register, actor=BY, name=home, until=None)
    with demo_register.reading() as session:
        assert session.get_one(Organisation, home).agreements[-1].until is None
        assert access.can(access.check_can_spawn, session, WHO, WHERE)
    refused(demo_register, "bad-date", registry.renew_agreement, actor=BY, name=home, until="never")
