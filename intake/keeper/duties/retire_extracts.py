"""Duty: extracts that are kept no longer, and those of projects that have ended, are destroyed at night."""

from __future__ import annotations

from collections.abc import Sequence

from governance.registry.keeper import DutyWarning
from intake.keeper.ground import Duty, DutyFailed, Ground, Pace


def _work(ground: Ground) -> Sequence[DutyWarning]:
    told = ground.run(ground.settings, ("extract", "retire"))
    if told is not None:
        raise DutyFailed(told)
    return ()


RETIRE_EXTRACTS = Duty(
    "retire-extracts",
    "Destroys extracts beyond the number that is kept.",
    Pace.NIGHT,
    _work,
    retry_minutes=60,
)
