"""What an event's name says of how a step ended, as data: refused, failed, alarming; everything else was done."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How a step ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    ALARM = "alarm"


#: Endings of an event's last word, in order: the first that fits counts.
ENDINGS: tuple[tuple[str, Outcome], ...] = (
    ("refused", Outcome.REFUSED),
    ("rejected", Outcome.REFUSED),
    ("returned", Outcome.REFUSED),
    ("failed", Outcome.FAILED),
    ("interrupted", Outcome.FAILED),
    ("gave-up", Outcome.FAILED),
    ("alarm", Outcome.ALARM),
    ("capped", Outcome.ALARM),
    ("over-quota", Outcome.ALARM),
    ("warned", Outcome.ALARM),
    ("raised", Outcome.ALARM),
)


def outcome_of(event: str) -> Outcome:
    """The outcome that the name tells of."""
    return next((outcome for ending, outcome in ENDINGS if event.endswith(ending)), Outcome.DONE)
