"""Duty: new opt-outs reach the extracts of live projects within minutes."""

from __future__ import annotations

from intake.keeper.freshness import Newer, find_behind, has_new_opt_outs
from intake.keeper.ground import Duty, Ground, Looked, Pace
from intake.keeper.refreshing import RETRY_MINUTES, refresh


def _work(ground: Ground) -> Looked:
    if has_new_opt_outs(ground.store):  # of the register alone: nothing is opened in a round without news
        refresh(ground, (behind for behind in find_behind(ground) if Newer.OPT_OUTS in behind.newer))
    return Looked()


REFRESH_OPT_OUTS = Duty(
    "refresh-opt-outs",
    "Builds the extracts of live projects again once other opt-outs are on record.",
    Pace.ROUND,
    _work,
    RETRY_MINUTES,
)
