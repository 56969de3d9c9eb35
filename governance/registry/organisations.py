"""Register actions on organisations and their agreements: one must be in force for an organisation's people to work.

An agreement is a row of its own: a renewal is recorded beside the old one, before or after that has ended, and
whichever covers the day counts. A correction (the same reference) takes the place of the row it corrects.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.channels import end_channels
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_organisation
from governance.registry.validation import check_date, check_name, check_optional_name, check_period, check_word
from governance.roles import OrganisationKind, Role
from governance.standing.periods import find_cover
from governance.store import Store
from governance.store.channels import Channel
from governance.store.people import Affiliation, Organisation, OrganisationAgreement


def add_organisation(
    store: Store,
    *,
    actor: str,
    name: str,
    kind: str = OrganisationKind.OTHER,
    country: str = "",
    reference: str = "",
    agreement_from: date | None = None,
    agreement_until: date | None = None,
) -> None:
    """Register a trusted organisation with its first agreement, from today unless said otherwise. `agreement_until` is
    inclusive; None means no end date.

    Raises Refusal `bad-name`, `unknown-kind`, `bad-date`, `ends-before-start`, `already-exists`.
    """
    name, country = check_name(name, "organisation"), check_optional_name(country, "country")
    reference = check_optional_name(reference, "reference")
    word = check_word(OrganisationKind, kind, "kind")
    starts = _checked(agreement_from, agreement_until)
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        if session.get(Organisation, name) is not None:
            raise Refusal("already-exists", "This organisation is registered already.")
        organisation = Organisation(name=name, kind=word.value, country=country)
        session.add(organisation)
        organisation.agreements.append(_agreement(reference, starts, agreement_until))
        detail = {"organisation": name, "kind": word.value, "from": starts.isoformat(), "until": _text(agreement_until)}
        append_event(session, event="organisation.added", actor=actor, detail=detail)


def change_organisation(
    store: Store, *, actor: str, name: str, kind: str | None = None, country: str | None = None
) -> None:
    """Correct what kind of organisation it is, or where. Raises Refusal `unknown-kind`, `bad-name`,
    `no-such-organisation`, `nothing-to-change`."""
    wanted = {} if kind is None else {"kind": check_word(OrganisationKind, kind, "kind").value}
    wanted |= {} if country is None else {"country": check_optional_name(country, "country")}
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        organisation = find_organisation(session, name.strip())
        changed = {key: value for key, value in wanted.items() if getattr(organisation, key) != value}
        if not changed:
            raise Refusal("nothing-to-change", "Nothing would change.", "Name at least one new value.")
        for key, value in changed.items():
            setattr(organisation, key, value)
        append_event(
            session, event="organisation.changed", actor=actor, detail={"organisation": organisation.name, **changed}
        )


def record_agreement(
    store: Store, *, actor: str, name: str, reference: str, starts: date | None = None, until: date | None = None
) -> None:
    """Put an agreement on record, from `starts` (default today) to `until`, both inclusive; None means no end. One of
    the same reference is corrected by it.

    Raises Refusal `bad-name`, `bad-date`, `ends-before-start`, `no-such-organisation`.
    """
    reference = check_name(reference, "reference")
    first = _checked(starts, until)
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        organisation = find_organisation(session, name.strip())
        _withdraw(organisation, reference)
        organisation.agreements.append(_agreement(reference, first, until))
        _write(session, organisation, "organisation.agreement_recorded", actor, reference, first, until)


def withdraw_agreement(store: Store, *, actor: str, name: str, reference: str) -> None:
    """Take an agreement back: from now on it covers no day. Raises Refusal `no-such-organisation`,
    `no-such-agreement`."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        organisation = find_organisation(session, name.strip())
        if not _withdraw(organisation, reference.strip()):
            raise Refusal("no-such-agreement", "The organisation has no such agreement.", "Look at its list.")
        _write(session, organisation, "organisation.agreement_withdrawn", actor, reference.strip(), None, None)


def renew_agreement(store: Store, *, actor: str, name: str, until: date | None) -> None:
    """Set the last day of the newest agreement (None: no end date). One that has passed ends the access of the
    organisation's people and closes their channels.

    Raises Refusal `bad-date`, `no-such-organisation`, `no-such-agreement`, `ends-before-start`.
    """
    if until is not None:
        check_date(until, "agreement's end")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        organisation = find_organisation(session, name.strip())
        live = [row for row in organisation.agreements if row.withdrawn_at is None]
        if not live:
            raise Refusal("no-such-agreement", "The organisation has no agreement.", "Record one.")
        newest = live[-1]
        first = newest.starts_on if until is None else min(newest.starts_on, until)
        newest.withdrawn_at = now()
        organisation.agreements.append(_agreement(newest.reference, first, until))
        _write(session, organisation, "organisation.agreement_set", actor, newest.reference, first, until)


def _checked(starts: date | None, until: date | None) -> date:
    first = today() if starts is None else check_date(starts, "agreement's start")
    if until is not None:
        check_date(until, "agreement's end")
        if starts is not None:
            check_period(first, until)
        first = min(first, until)
    return first


def _agreement(reference: str, starts: date, until: date | None) -> OrganisationAgreement:
    return OrganisationAgreement(reference=reference, starts_on=starts, until=until, recorded_at=now())


def _withdraw(organisation: Organisation, reference: str) -> bool:
    """Every live row of that reference; whether there was one."""
    live = [row for row in organisation.agreements if (row.reference, row.withdrawn_at) == (reference, None)]
    for row in live:
        row.withdrawn_at = now()
    return bool(live)


def _write(
    session: Session,
    organisation: Organisation,
    event: str,
    actor: str,
    reference: str,
    starts: date | None,
    until: date | None,
) -> None:
    """The event; and if no agreement covers this day now, the channels of the organisation's people are closed."""
    detail = {"organisation": organisation.name, "reference": reference, "from": _text(starts), "until": _text(until)}
    append_event(session, event=event, actor=actor, detail=detail)
    if not find_cover(organisation.agreements, today()).in_force:
        people = select(Affiliation.subject).where(Affiliation.organisation_name == organisation.name)
        end_channels(session, Channel.subject.in_(people), actor=actor)


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
