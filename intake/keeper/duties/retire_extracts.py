"""Duty: extracts beyond the number that is kept, and those of closed projects, are destroyed at night."""

from __future__ import annotations

from governance.registry.keeper import DutyWarning
from intake.keeper.ground import Duty, DutyFailed, Ground, Looked, Pace

FAILED = DutyWarning("extracts-not-retired", "Old extracts could not be destroyed.", "By hand: sde extract retire.")


def _work(ground: Ground) -> Looked:
    if ground.run(ground.settings, ("extract", "retire")).status:
        raise DutyFailed(FAILED)
    return Looked()


RETIRE_EXTRACTS = Duty(
    "retire-extracts",
    "Destroys extracts beyond the number that is kept, and those of closed projects.",
    Pace.NIGHT,
    _work,
    retry_minutes=60,
)
