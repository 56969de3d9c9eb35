"""Duty: extracts that are kept no longer, and those of projects that have ended, are destroyed at night."""

from __future__ import annotations

from intake.keeper.ground import Duty, DutyFailed, Ground, Looked, Pace


def _work(ground: Ground) -> Looked:
    told = ground.run(ground.settings, ("extract", "retire"))
    if told is not None:
        raise DutyFailed(told)
    return Looked()


RETIRE_EXTRACTS = Duty(
    "retire-extracts",
    "Destroys extracts beyond the number that is kept.",
    Pace.NIGHT,
    _work,
    retry_minutes=60,
)
