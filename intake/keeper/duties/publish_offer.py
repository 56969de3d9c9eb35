"""Duty: applications are checked against the catalogue and the feeds as they are."""

from __future__ import annotations

from governance.applications.offered import publish_offer
from governance.registry.keeper import KEEPER
from intake.keeper.ground import Duty, Ground, Looked, Pace
from intake.offering import region_offer


def _work(ground: Ground) -> Looked:
    publish_offer(ground.store, actor=KEEPER, offer=region_offer())
    return Looked()


PUBLISH_OFFER = Duty("publish-offer", "Publishes the catalogue and the feeds for applications.", Pace.ROUND, _work)
