"""Contributing controllers: who answers for each source, who decides for them, and whose word an application needs.

Promise: a source with nobody on record for it needs a word that nobody can give, so it is never granted (SATRE 1.5.04).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.applications.answers import Answers
from governance.applications.kinds import Answer
from governance.applications.offered import Offer, current_offer
from governance.audit import append_event
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_organisation, find_person
from governance.registry.validation import check_period
from governance.roles import Role
from governance.store import Store
from governance.store.review import ControllerAnswer, ControllerDelegate, SourceController


@dataclass(frozen=True)
class Need:
    """One word that is needed: of this organisation for this source (empty: nobody answers for it), and what it was.
    `holds`: agreed, and not past its last day."""

    source: str
    title: str
    organisation: str
    answer: Answer | None = None
    reason: str = ""
    by: str = ""
    until: date | None = None

    @property
    def holds(self) -> bool:
        """Whether it was agreed and still is."""
        return self.answer is Answer.AGREE and (self.until is None or self.until >= today())


def set_source_controllers(store: Store, *, actor: str, source: str, organisations: tuple[str, ...]) -> None:
    """Say which registered organisations answer for a source, in place of those before.

    Raises Refusal `no-such-source`, `no-such-organisation`, `role-missing`.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        _check_source(current_offer(session), source)
        wanted = {find_organisation(session, name.strip()).name for name in organisations}
        held = {row.organisation_name: row for row in _controllers(session, source)}
        for name, row in held.items():
            if name not in wanted:
                row.withdrawn_at = now()
        session.add_all(
            SourceController(source=source, organisation_name=name, recorded_by=actor, recorded_at=now())
            for name in sorted(wanted - set(held))
        )
        detail = {"source": source, "organisations": "; ".join(sorted(wanted))}
        append_event(session, event="source.controllers_set", actor=actor, detail=detail)


def appoint_delegate(
    store: Store, *, actor: str, organisation: str, subject: str, until: date, starts: date | None = None
) -> None:
    """Let somebody decide for an organisation from `starts` (default today) to `until`.

    Raises Refusal `bad-date`, `ends-before-start`, `no-such-organisation`, `no-such-person`, `own-approval`,
    `role-missing`.
    """
    starts = starts if starts is not None else today()
    check_period(starts, until)
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=subject)
        home = find_organisation(session, organisation.strip())
        find_person(session, subject)
        session.add(
            ControllerDelegate(
                organisation_name=home.name,
                subject=subject,
                starts_on=starts,
                until=until,
                appointed_by=actor,
                appointed_at=now(),
            )
        )
        detail = {"organisation": home.name, "subject": subject, "until": until.isoformat()}
        append_event(session, event="source.delegate_appointed", actor=actor, detail=detail)


def withdraw_delegate(store: Store, *, actor: str, organisation: str, subject: str) -> None:
    """End somebody's appointment now. Raises Refusal `no-such-delegate`, `role-missing`."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        mine = (ControllerDelegate.organisation_name == organisation, ControllerDelegate.subject == subject)
        rows = session.scalars(select(ControllerDelegate).where(*mine, ControllerDelegate.withdrawn_at.is_(None))).all()
        if not rows:
            raise Refusal("no-such-delegate", "This person does not decide for that organisation.")
        for row in rows:
            row.withdrawn_at = now()
        detail = {"organisation": organisation, "subject": subject}
        append_event(session, event="source.delegate_withdrawn", actor=actor, detail=detail)


def delegates_of(session: Session, organisation: str) -> frozenset[str]:
    """Who decides for an organisation today."""
    return frozenset(
        row.subject
        for row in session.scalars(
            select(ControllerDelegate).where(ControllerDelegate.organisation_name == organisation)
        )
        if row.withdrawn_at is None and row.starts_on <= today() <= row.until
    )


def organisations_of(session: Session, subject: str) -> frozenset[str]:
    """Organisations that somebody decides for today."""
    rows = session.scalars(select(ControllerDelegate).where(ControllerDelegate.subject == subject))
    return frozenset(
        row.organisation_name for row in rows if row.withdrawn_at is None and row.starts_on <= today() <= row.until
    )


def source_controllers(session: Session, source: str) -> tuple[str, ...]:
    """Organisations that answer for a source, by name."""
    return tuple(sorted(row.organisation_name for row in _controllers(session, source)))


def needs(session: Session, application: str, answers: Answers) -> tuple[Need, ...]:
    """Every word that these answers need, with what was said of exactly them. Raises those of `current_offer`."""
    wanted = current_offer(session).sources_of(wish.table for wish in answers.data)
    said = _said(session, application, answers.digest)
    found: list[Need] = []
    for source in wanted:
        for organisation in source_controllers(session, source.name) or ("",):
            row = said.get((source.name, organisation))
            known = (Answer(row.decision), row.reason, row.delegate, row.until) if row is not None else ()
            found.append(Need(source.name, source.title, organisation, *known))
    return tuple(found)


def _said(session: Session, application: str, digest: str) -> dict[tuple[str, str], ControllerAnswer]:
    live = (
        ControllerAnswer.application_id == application,
        ControllerAnswer.digest == digest,
        ControllerAnswer.replaced_at.is_(None),
    )
    rows = session.scalars(select(ControllerAnswer).where(*live).order_by(ControllerAnswer.id))
    return {(row.source, row.organisation_name): row for row in rows}


def _controllers(session: Session, source: str) -> list[SourceController]:
    live = (SourceController.source == source, SourceController.withdrawn_at.is_(None))
    return list(session.scalars(select(SourceController).where(*live)))


def _check_source(offer: Offer, source: str) -> None:
    if source not in {one.name for one in offer.sources}:
        known = ", ".join(one.name for one in offer.sources)
        raise Refusal("no-such-source", "No such source is published.", f"Use one of: {known}.")
