"""Duty: a data steward hears of deliveries that wait for them, and of those that were not finished."""

from __future__ import annotations

from datetime import timedelta

from governance.clock import now
from governance.registry.deliveries import DeliveryState, list_deliveries
from governance.registry.keeper import DutyWarning
from intake.keeper.ground import Duty, Ground, Looked, Pace

UNFINISHED = frozenset({DeliveryState.RECEIVED, DeliveryState.VALIDATED})
PATIENCE = timedelta(hours=1)  # longer than a delivery takes to land


def _work(ground: Ground) -> Looked:
    with ground.store.reading() as session:
        deliveries = list_deliveries(session)
    held = sum(delivery.state == DeliveryState.HELD for delivery in deliveries)
    stuck = sum(delivery.state in UNFINISHED and delivery.received_at < now() - PATIENCE for delivery in deliveries)
    warnings: list[DutyWarning] = []
    if held:
        warnings.append(
            DutyWarning("delivery-held", f"Deliveries that wait for your decision: {held}.", "Decide on the data page.")
        )
    if stuck:
        message = f"Deliveries that were begun and not finished: {stuck}."
        warnings.append(
            DutyWarning(
                "delivery-unfinished", message, "Go on: sde delivery resume DELIVERY; `sde delivery list` names them."
            )
        )
    return Looked(tuple(warnings))


WATCH_DELIVERIES = Duty(
    "watch-deliveries", "Warns while a delivery waits for a decision or was not finished.", Pace.ROUND, _work
)
