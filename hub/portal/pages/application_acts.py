"""What can be done with an application on its page, by name: each act is one of governance.applications, in the
visitor's name. Promise: a page decides nothing; who may act, and when, is judged where the act is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from governance.applications import (
    answering,
    approving,
    conditions,
    drafting,
    minutes,
    rounds,
    triage,
)
from governance.refusal import Refusal
from governance.store import Store

Values = Mapping[str, str]
Act = Callable[[Store, str, str, Values], object]


def _text(values: Values, name: str) -> str:
    return values.get(name, "").strip()


def _day(values: Values, name: str) -> date:
    try:
        return date.fromisoformat(_text(values, name))
    except ValueError:
        raise Refusal("bad-form", "A day is missing or is no calendar day.", "Choose a day.", name) from None


def _number(values: Values) -> int:
    number = _text(values, "number")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise Refusal("bad-form", "The form is not of this page.", "Reload the page and send it again.")
    return int(number)


def _condition(store: Store, actor: str, application: str, values: Values) -> object:
    return conditions.write_condition(
        store,
        actor=actor,
        application=application,
        text=_text(values, "text"),
        due=_day(values, "due"),
        owner=_text(values, "owner"),
        blocking=values.get("blocking") == "yes",
    )


def _answer(store: Store, actor: str, application: str, values: Values) -> None:
    answering.answer_for_controller(
        store,
        actor=actor,
        application=application,
        source=_text(values, "source"),
        organisation=_text(values, "organisation"),
        decision=_text(values, "decision"),
        digest=_text(values, "digest"),
        reason=_text(values, "reason"),
        until=_day(values, "until") if _text(values, "until") else None,
    )


ACTS: Mapping[str, Act] = {
    "submit": lambda store, actor, one, _: drafting.submit_application(store, actor=actor, application=one),
    "withdraw": lambda store, actor, one, _: drafting.withdraw_application(store, actor=actor, application=one),
    "ask": lambda store, actor, one, told: triage.ask_applicant(
        store, actor=actor, application=one, question=_text(told, "question")
    ),
    "accept": lambda store, actor, one, told: triage.accept_for_review(
        store, actor=actor, application=one, meets_on=_day(told, "meets_on")
    ),
    "declare": lambda store, actor, one, told: rounds.declare_interest(
        store, actor=actor, application=one, conflicted=told.get("conflicted") != "no", reason=_text(told, "reason")
    ),
    "vote": lambda store, actor, one, told: rounds.vote(
        store,
        actor=actor,
        application=one,
        decision=_text(told, "decision"),
        reason=_text(told, "reason"),
        digest=_text(told, "digest"),
    ),
    "conclude": lambda store, actor, one, told: rounds.conclude_round(
        store, actor=actor, application=one, digest=_text(told, "digest"), words=_text(told, "words")
    ),
    "minutes": lambda store, actor, one, told: minutes.write_minutes(
        store, actor=actor, application=one, text=_text(told, "text")
    ),
    "sign": lambda store, actor, one, told: minutes.sign_minutes(
        store, actor=actor, application=one, sha256=_text(told, "sha256")
    ),
    "condition": _condition,
    "drop-condition": lambda store, actor, one, told: conditions.drop_condition(
        store, actor=actor, application=one, number=_number(told)
    ),
    "evidence": lambda store, actor, _, told: conditions.give_evidence(
        store, actor=actor, number=_number(told), evidence=_text(told, "evidence")
    ),
    "close-condition": lambda store, actor, _, told: conditions.close_condition(
        store, actor=actor, number=_number(told)
    ),
    "answer": _answer,
    "refer-back": lambda store, actor, one, told: answering.refer_back(
        store, actor=actor, application=one, words=_text(told, "words")
    ),
    "approve": lambda store, actor, one, told: approving.approve(
        store, actor=actor, application=one, digest=_text(told, "digest")
    ),
}
