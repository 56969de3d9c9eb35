"""Duty: new opt-outs reach the extracts of live projects within minutes."""

from __future__ import annotations

from intake.keeper.ground import Duty, Ground, Looked, Pace
from intake.keeper.live import under_older_opt_outs
from intake.keeper.refreshing import RETRY_MINUTES, refresh


def _work(ground: Ground) -> Looked:
    refresh(ground, under_older_opt_outs(ground.store))
    return Looked()


REFRESH_OPT_OUTS = Duty(
    "refresh-opt-outs",
    "Builds the extracts of live projects again once other opt-outs are on record.",
    Pace.ROUND,
    _work,
    RETRY_MINUTES,
)
