"""The floor a landing works on: one folder in the identifiable zone, for one landing at a time, gone when it ends.

Promise: two landings never work at once; whatever an earlier one left when it was killed (its floor, a folder that no
delivery on record has), and the files of a delivery that was rejected on a page, are swept before the next begins.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from governance.refusal import Refusal
from governance.registry.deliveries import DeliveryState, list_deliveries
from governance.store import Store
from intake.landing.engine import disk_full
from intake.places import IntakePlaces

BUILDING = ".building-"
LOCK = ".landing"
#: Of these no row will ever be asked for. A withdrawn one was: what was cut from it must stay explainable.
NEVER_COUNTS = frozenset({DeliveryState.REJECTED, DeliveryState.DISCARDED})


@contextmanager
def landing_floor(store: Store, places: IntakePlaces) -> Iterator[Path]:
    """A fresh folder beside the deliveries. Raises Refusal `landing-under-way`, `disk-full`."""
    deliveries = places.identifiable / "deliveries"
    try:
        deliveries.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (deliveries / LOCK).open("w")
    except OSError:
        raise disk_full() from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal("landing-under-way", "Another landing is under way.", "Wait until it has ended.") from None
        _sweep(store, deliveries)
        floor = Path(tempfile.mkdtemp(prefix=BUILDING, dir=deliveries))
        try:
            yield floor
        finally:
            shutil.rmtree(floor, ignore_errors=True)


def _sweep(store: Store, deliveries: Path) -> None:
    with store.reading() as session:
        known = {view.id for view in list_deliveries(session) if view.state not in NEVER_COUNTS}
    for folder in deliveries.iterdir():
        if folder.is_dir() and folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)
