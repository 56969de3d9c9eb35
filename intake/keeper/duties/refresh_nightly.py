"""Duty: at night the extracts of live projects follow the region, and opt-outs whose first or last day has come."""

from __future__ import annotations

from collections.abc import Sequence

from governance.registry.keeper import DutyWarning
from intake.keeper.freshness import find_behind
from intake.keeper.ground import Duty, Ground, Pace
from intake.keeper.refreshing import RETRY_MINUTES, refresh


def _work(ground: Ground) -> Sequence[DutyWarning]:
    refresh(ground, find_behind(ground))
    return ()


REFRESH_NIGHTLY = Duty(
    "refresh-nightly",
    "Builds the extracts of live projects again where the region is newer or the day of an opt-out has come.",
    Pace.NIGHT,
    _work,
    RETRY_MINUTES,
)
