"""Duty: a request for re-identification that was not answered in time ends."""

from __future__ import annotations

from governance.registry.reidentification import expire_requests
from intake.keeper.ground import Duty, Ground, Looked, Pace


def _work(ground: Ground) -> Looked:
    expire_requests(ground.store)
    return Looked()


EXPIRE_REQUESTS = Duty(
    "expire-requests", "Ends requests for re-identification that were not answered in time.", Pace.ROUND, _work
)
