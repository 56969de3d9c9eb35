"""A data steward's part before the vote: ask something, or put the application before the review group. And what waits
too long for its applicant lapses.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from governance.applications.moving import Fact, move, say
from governance.applications.parts import check_chair, check_steward, current_version, is_service, load_application
from governance.applications.rounds import end_round, open_round
from governance.applications.states import LAPSES_AFTER_DAYS, Action, State, check_state
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.validation import check_date
from governance.store import Store
from governance.store.applications import Application


def ask_applicant(store: Store, *, actor: str, application: str, question: str) -> None:
    """Give the move back with a question: a data steward before the vote, the chair during it, whose round then ends.

    Raises Refusal `no-such-application`, `wrong-state`, `own-application`, `role-missing`, `chair-only`, `bad-name`.
    """
    with store.transaction() as session:
        row = load_application(session, application)
        if row.state == State.IN_REVIEW:
            check_chair(session, actor, row)
            end_round(session, row, actor=actor)
        else:
            check_steward(session, actor, row)
            check_state(State(row.state), Action.ASK)
        say(session, row, actor=actor, text=question)
        move(session, row, Action.ASK, State.CLARIFICATION, actor=actor)


def accept_for_review(store: Store, *, actor: str, application: str, meets_on: date) -> int:
    """Put the version that was submitted before the group, under the rule in force; returns the round's number.

    Raises Refusal `no-such-application`, `wrong-state`, `own-application`, `role-missing`, `bad-date`, `meets-in-past`.
    """
    if check_date(meets_on, "day of the meeting") < today():
        raise Refusal("meets-in-past", "The day of the meeting has passed.", "Choose today or later.")
    with store.transaction() as session:
        row = load_application(session, application)
        check_steward(session, actor, row)
        check_state(State(row.state), Action.ACCEPT)
        version = current_version(session, row)
        number = open_round(session, row, version, meets_on=meets_on, actor=actor)
        facts: dict[str, Fact] = {"round": number, "version": version.number, "digest": version.digest}
        move(session, row, Action.ACCEPT, State.IN_REVIEW, actor=actor, **facts)
        return number


def lapse_applications(store: Store, *, actor: str) -> tuple[str, ...]:
    """End what waits too long for its applicant; returns the ids. For a service or the operator. Raises Refusal
    `role-missing`."""
    if not is_service(actor):
        raise Refusal("role-missing", "Applications lapse by themselves.", "Wait for the keeper's next round.")
    before = now() - timedelta(days=LAPSES_AFTER_DAYS)
    waiting = (State.CLARIFICATION.value, State.RESUBMIT.value)
    stale = select(Application.id).where(Application.state.in_(waiting), Application.changed_at < before)
    with store.reading() as session:
        if session.scalars(stale.limit(1)).first() is None:
            return ()
    with store.transaction() as session:
        found = tuple(session.scalars(stale.order_by(Application.id)))
        for application in found:
            move(session, load_application(session, application), Action.LAPSE, State.LAPSED, actor=actor)
    return found
