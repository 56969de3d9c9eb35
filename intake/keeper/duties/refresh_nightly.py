"""Duty: at night the extracts of live projects follow the region, their grants, and opt-outs whose first or last day
has come.
"""

from __future__ import annotations

from intake.keeper.ground import Duty, Ground, Looked, Pace
from intake.keeper.live import live_projects
from intake.keeper.refreshing import RETRY_MINUTES, refresh


def _work(ground: Ground) -> Looked:
    refresh(ground, live_projects(ground.store))
    return Looked()


REFRESH_NIGHTLY = Duty(
    "refresh-nightly",
    "Builds the extracts of live projects again where region, grants or the days of opt-outs have changed.",
    Pace.NIGHT,
    _work,
    RETRY_MINUTES,
)
