"""Duty: a request for re-identification that was not answered in time ends."""

from __future__ import annotations

from collections.abc import Sequence

from governance.registry.keeper import DutyWarning
from governance.registry.reidentification import expire_requests
from intake.keeper.ground import Duty, Ground, Pace


def _work(ground: Ground) -> Sequence[DutyWarning]:
    expire_requests(ground.store)
    return ()


EXPIRE_REQUESTS = Duty(
    "expire-requests", "Ends requests for re-identification that were not answered in time.", Pace.ROUND, _work
)
