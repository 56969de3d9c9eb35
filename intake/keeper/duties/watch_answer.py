"""Duty: a data steward hears in time that the national check service must be asked again."""

from __future__ import annotations

from datetime import timedelta

from governance.clock import now
from governance.registry import current_region
from governance.registry.keeper import DutyWarning
from intake.keeper.ground import Duty, Ground, Looked, Pace
from intake.optouts.reading import CheckAnswer, answer_state, opened
from intake.optouts.version import AnswerState
from intake.sources import open_workbench

SOON = timedelta(days=2)
ASK = "Ask the service: sde optout check-export, send the file, sde optout check-import ANSWER."


def _work(ground: Ground) -> Looked:
    """Nothing is warned of before there is a region: nothing could be cut from it. Raises those of `opened`."""
    with ground.store.reading() as session:
        if current_region(session) is None:
            return Looked()
    with open_workbench() as connection, opened(connection, ground.settings) as opt_outs:
        answer = opt_outs.answer
    warnings = _warn(answer)
    return Looked(
        warnings, "" if answer is None else f"{answer.answered_at.isoformat()}/{answer.believed_until.isoformat()}"
    )


def _warn(answer: CheckAnswer | None) -> tuple[DutyWarning, ...]:
    state = answer_state(answer)
    if answer is None or state is not AnswerState.FRESH:
        said = "There is no answer" if state is AnswerState.ABSENT else "The answer is no longer believed"
        message = f"{said} of the national opt-out check service: no extract can be built from the region."
        return (DutyWarning(f"opt-out-answer-{state}", message, ASK),)
    if answer.believed_until - now() <= SOON:
        message = f"The answer of the national opt-out check service is believed until {answer.believed_until:%d %B}."
        return (DutyWarning("opt-out-answer-ends", message, ASK),)
    return ()


WATCH_ANSWER = Duty(
    "watch-answer",
    "Warns while the national opt-out check service's answer is missing, stale or about to be.",
    Pace.ROUND,
    _work,
)
