"""Duty: at night the extracts of live projects follow the region, and opt-outs whose first or last day has come."""

from __future__ import annotations

from intake.keeper.freshness import find_behind
from intake.keeper.ground import Duty, Ground, Looked, Pace
from intake.keeper.refreshing import RETRY_MINUTES, refresh


def _work(ground: Ground) -> Looked:
    refresh(ground, find_behind(ground))
    return Looked()


REFRESH_NIGHTLY = Duty(
    "refresh-nightly",
    "Builds the extracts of live projects again where the region is newer or the day of an opt-out has come.",
    Pace.NIGHT,
    _work,
    RETRY_MINUTES,
)
