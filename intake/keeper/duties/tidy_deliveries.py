"""Duty: files of deliveries that never count are removed, and quality pages say what was decided in the portal.

The portal only decides: nothing of the hub reads or removes a file of the identifiable zone.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from governance.registry.deliveries import DeliveryView, list_deliveries
from intake.keeper.ground import Duty, Ground, Looked, Pace
from intake.landing.floor import NEVER_COUNTS
from intake.landing.ledger import DeliveryLedger
from intake.landing.quality_page import write_quality_page
from intake.places import IntakePlaces


def _work(ground: Ground) -> Looked:
    places = IntakePlaces.of(ground.settings)
    with ground.store.reading() as session:
        deliveries = list_deliveries(session)
    for delivery in deliveries:
        if delivery.state in NEVER_COUNTS:
            shutil.rmtree(places.delivery(delivery.id).root, ignore_errors=True)
        _tell_decision(places.reports / "deliveries" / f"{delivery.id}.html", delivery)
    return Looked()


def _tell_decision(page: Path, delivery: DeliveryView) -> None:
    """Write the page anew if it is older than the decision."""
    ledger = DeliveryLedger.from_json(delivery.summary)
    if delivery.decided_at is None or not ledger.tables or not page.is_file():
        return
    if datetime.fromtimestamp(page.stat().st_mtime, UTC) < delivery.decided_at:
        write_quality_page(page, delivery, ledger)


TIDY_DELIVERIES = Duty(
    "tidy-deliveries",
    "Removes the files of deliveries that were rejected or given up, and puts decisions on quality pages.",
    Pace.ROUND,
    _work,
)
