"""Register actions on organisations: an agreement must be live for an organisation's people to work."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from governance.audit import append_event
from governance.channels import end_channels
from governance.clock import today
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_organisation
from governance.registry.validation import check_date, check_name, check_optional_name
from governance.roles import Role
from governance.store import Store
from governance.store.channels import Channel
from governance.store.people import Organisation, Person


def add_organisation(
    store: Store, *, actor: str, name: str, kind: str = "", agreement_until: date | None = None
) -> None:
    """Register a trusted organisation. `agreement_until` is inclusive; None means no end date.

    Raises Refusal `bad-name`, `bad-date`, `already-exists`.
    """
    name, kind = check_name(name, "organisation"), check_optional_name(kind, "kind")
    if agreement_until is not None:
        check_date(agreement_until, "agreement's end")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        if session.get(Organisation, name) is not None:
            raise Refusal("already-exists", "This organisation is registered already.")
        session.add(Organisation(name=name, kind=kind, agreement_from=today(), agreement_until=agreement_until))
        append_event(
            session,
            event="organisation.added",
            actor=actor,
            detail={"organisation": name, "until": _text(agreement_until)},
        )


def renew_agreement(store: Store, *, actor: str, name: str, until: date | None) -> None:
    """Set the last day of an organisation's agreement (None: no end date). One that has passed ends the access of the
    organisation's people and closes their channels.

    Raises Refusal `bad-date`, `no-such-organisation`.
    """
    if until is not None:
        check_date(until, "agreement's end")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        organisation = find_organisation(session, name.strip())
        detail = {"organisation": organisation.name, "was": _text(organisation.agreement_until), "until": _text(until)}
        organisation.agreement_until = until
        append_event(session, event="organisation.agreement_set", actor=actor, detail=detail)
        if until is not None and until < today():
            people = select(Person.subject).where(Person.organisation_name == organisation.name)
            end_channels(session, Channel.subject.in_(people), actor=actor)


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
