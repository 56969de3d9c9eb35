"""Contributing controllers' answers: a delegate agrees or refuses for one source, bound to the version that was voted
for; and the chair sends back what a controller refused.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.applications.controllers import Need, needs
from governance.applications.kinds import Answer, OnRefusal
from governance.applications.moving import move, note, say
from governance.applications.notices import Kind, chairs, tell
from governance.applications.offered import current_offer
from governance.applications.parts import (
    check_chair,
    check_delegate,
    current_answers,
    current_version,
    load_application,
)
from governance.applications.rounds import newest_round
from governance.applications.rule import read_rule
from governance.applications.states import Action, State, check_state
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.validation import check_date, check_text_names_nobody, check_word
from governance.roles import ALL_TABLES
from governance.store import Store
from governance.store.applications import Application
from governance.store.review import ControllerAnswer


def answer_for_controller(
    store: Store,
    *,
    actor: str,
    application: str,
    source: str,
    organisation: str,
    decision: str,
    digest: str,
    reason: str = "",
    until: date | None = None,
) -> None:
    """Agree, until a day if one is given, or refuse with a reason; a later answer replaces it until the approval.

    Raises Refusal `no-such-application`, `wrong-state`, `own-application`, `unknown-decision`, `not-asked`,
    `version-changed`, `bad-name`, `bad-date`.
    """
    word = check_word(Answer, decision, "decision")
    said = check_text_names_nobody(reason, "reason") if word is Answer.REFUSE or reason.strip() else ""
    if until is not None and check_date(until, "last day") < today():
        raise Refusal("bad-date", "The agreement's last day has passed.", "Choose a later one.")
    with store.transaction() as session:
        row = load_application(session, application)
        check_delegate(session, actor, row, organisation)
        check_state(State(row.state), Action.APPROVE)
        held = current_version(session, row)
        if digest != held.digest:
            raise Refusal("version-changed", "This is not the version that was voted for.", "Read it again.")
        asked = needs(session, row.id, current_answers(session, row))
        if not any((need.source, need.organisation) == (source, organisation) for need in asked):
            raise Refusal("not-asked", "That organisation is not asked about this source.", "See which ones are.")
        _replace(session, row, source, organisation)
        answer = ControllerAnswer(application_id=row.id, digest=digest, source=source, organisation_name=organisation)
        answer.delegate, answer.decision, answer.reason, answer.decided_at = actor, word.value, said, now()
        answer.until = until if word is Answer.AGREE else None
        session.add(answer)
        session.flush()
        facts = {"source": source, "organisation": organisation, "decision": word.value, "digest": digest}
        note(session, row, "application.controller_answered", actor=actor, **facts)
        _tell_chair(session, row, actor)


def _tell_chair(session: Session, row: Application, actor: str) -> None:
    """Once every controller has answered."""
    if all(need.answer is not None for need in needs(session, row.id, current_answers(session, row))):
        tell(session, row, Kind.CHAIR_DUE, chairs(session, row) - {actor})


def refer_back(store: Store, *, actor: str, application: str, words: str) -> None:
    """Send an application back because a controller refused. Raises Refusal `chair-only`, `own-application`,
    `wrong-state`, `nobody-refused`, `bad-name`."""
    with store.transaction() as session:
        row = load_application(session, application)
        check_chair(session, actor, row)
        check_state(State(row.state), Action.REFER_BACK)
        if not any(need.answer is Answer.REFUSE for need in needs(session, row.id, current_answers(session, row))):
            raise Refusal("nobody-refused", "No controller has refused.", "Wait for their answers, or approve.")
        say(session, row, actor=actor, text=words)
        move(session, row, Action.REFER_BACK, State.RESUBMIT, actor=actor)


def closed_tables(session: Session, application: Application) -> frozenset[str]:
    """Tables that are not granted for want of a controller's agreement, under the rule of the round.

    Raises Refusal `controllers-missing` where the rule blocks instead, or nothing would be left.
    """
    answers, held = current_answers(session, application), newest_round(session, application)
    asked = needs(session, application.id, answers)
    open_sources = {need.source for need in asked if not need.holds}
    if not open_sources:
        return frozenset()
    rule = read_rule(held.rule) if held is not None else None
    offer = current_offer(session)
    closed = frozenset(table for one in offer.sources if one.name in open_sources for table in one.tables)
    wanted = {wish.table for wish in answers.data}
    if rule is None or rule.on_refusal is OnRefusal.BLOCK or wanted <= closed or ALL_TABLES in wanted:
        raise Refusal("controllers-missing", f"Not agreed: {_list(asked)}.", "Every one of them must agree.")
    return closed & wanted


def _list(asked: tuple[Need, ...]) -> str:
    return ", ".join(
        f"{need.title} ({need.organisation or 'nobody answers for it'})" for need in asked if not need.holds
    )


def _replace(session: Session, application: Application, source: str, organisation: str) -> None:
    same = (
        ControllerAnswer.application_id == application.id,
        ControllerAnswer.source == source,
        ControllerAnswer.organisation_name == organisation,
        ControllerAnswer.replaced_at.is_(None),
    )
    for before in session.scalars(select(ControllerAnswer).where(*same)):
        before.replaced_at = now()
