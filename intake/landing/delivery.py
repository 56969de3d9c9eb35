"""The story of a landing: files of a feed come in, are checked, staged, and accepted or held.

Promise: the same files land once, whatever is called how often; a landing that was interrupted at any step begins
again at the step that was not finished, and no row is staged twice; nothing half-written is ever taken for whole,
because each step is built beside its place, moved there by one rename, and only then written into the register.

    files -> copied and hashed -> [received] -> rows checked and staged -> [validated] -> [accepted] or [held]
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from governance.clock import now
from governance.refusal import Refusal
from governance.registry.deliveries import (
    DeliveryState,
    DeliveryView,
    decide_delivery,
    find_delivery,
    find_same_delivery,
    record_delivery,
    record_validation,
)
from governance.settings import Settings
from governance.store import Store
from intake.feeds import Feed, find_feed
from intake.landing.engine import plain_errors
from intake.landing.files import find_files
from intake.landing.floor import NEVER_COUNTS, landing_floor
from intake.landing.ledger import DeliveryLedger
from intake.landing.quality_page import write_quality_page
from intake.landing.receiving import receive_files, sync_folder
from intake.landing.validation import validate_delivery
from intake.places import IntakePlaces
from intake.progress import Progress


@dataclass(frozen=True)
class DeliveryReport:
    """What became of a landing. `again`: these very files had landed before, and nothing was changed; `page`: where the
    quality page is."""

    delivery: DeliveryView
    ledger: DeliveryLedger
    page: Path
    again: bool = False


def land_delivery(
    settings: Settings,
    store: Store,
    feed: Feed,
    paths: Sequence[Path],
    *,
    actor: str,
    progress: Progress = lambda *_: None,
) -> DeliveryReport:
    """Land the files (or those of the folders) as one delivery of the feed, or finish a landing of the same files.

    Raises Refusal. If the files are at fault nothing of them is left (a delivery on record is discarded); if the
    machine is, or the landing was interrupted, what was received stays, to be resumed.
    """
    files = find_files(feed, paths)
    places = IntakePlaces.of(settings)
    with landing_floor(store, places) as floor, plain_errors():
        incoming = floor / "incoming"
        sha256 = receive_files(files, incoming, progress)
        with store.reading() as session:
            known = find_same_delivery(session, feed.name, sha256)
        if known is None or known.state == DeliveryState.DISCARDED:
            size = sum(file.stat().st_size for file in incoming.iterdir())
            known = _receive(store, places, feed, incoming, (sha256, size, known is not None), actor, progress)
        elif known.state not in UNFINISHED:
            return _report(settings, known, again=True)
        return _finish(settings, store, known, floor, actor, progress)


UNFINISHED = frozenset({DeliveryState.RECEIVED, DeliveryState.VALIDATED})
ID_DIGITS = 12  # of the SHA-256
#: Refusals for which the files are not to blame.
OF_THE_MACHINE = frozenset({"disk-full", "not-enough-memory", "ledger-mismatch"})


def resume_delivery(
    settings: Settings, store: Store, delivery: str, *, actor: str, progress: Progress = lambda *_: None
) -> DeliveryReport:
    """Finish a landing that was interrupted. Raises Refusal `no-such-delivery`, and what landing raises."""
    with store.reading() as session:
        known = find_delivery(session, delivery)
    if known.state not in UNFINISHED:
        return _report(settings, known, again=True)
    with landing_floor(store, IntakePlaces.of(settings)) as floor, plain_errors():
        return _finish(settings, store, known, floor, actor, progress)


def _receive(
    store: Store,
    places: IntakePlaces,
    feed: Feed,
    incoming: Path,
    what: tuple[str, int, bool],
    actor: str,
    progress: Progress,
) -> DeliveryView:
    """The files get their place, then their record. A folder without a record is swept by the next landing. `what`: the
    SHA-256, the bytes of all files, and whether the same files were discarded before."""
    sha256, size, again = what
    name = f"{feed.name}-{sha256[:ID_DIGITS]}"
    if again:  # the folder of the attempt that was discarded may be being removed just now
        name += f"-{secrets.token_hex(2)}"
    place = places.delivery(name)
    place.root.mkdir(mode=0o700)
    progress("taking in", 0, 1)
    incoming.rename(place.received)
    sync_folder(place.root)
    sync_folder(place.root.parent)
    progress("recording", 0, 1)
    return record_delivery(
        store, actor=actor, delivery=name, feed=feed.name, sha256=sha256, size=size, received_at=now()
    )


def _finish(
    settings: Settings, store: Store, delivery: DeliveryView, floor: Path, actor: str, progress: Progress
) -> DeliveryReport:
    if delivery.state == DeliveryState.RECEIVED:
        try:
            ledger = _validate(settings, delivery, floor, progress)
        except Refusal as refusal:
            if refusal.code not in OF_THE_MACHINE:
                discard_delivery(settings, store, delivery.id, actor=actor, reason=f"refused: {refusal.code}")
            raise
        progress("recording the checks", 0, 1)
        delivery = record_validation(
            store,
            actor=actor,
            delivery=delivery.id,
            rows_in=ledger.total("rows_in"),
            rows_kept=ledger.total("rows_kept"),
            rows_quarantined=ledger.total("rows_quarantined"),
            summary=ledger.to_json(),
        )
    progress("deciding", 0, 1)
    state, reason = decide(DeliveryLedger.from_json(delivery.summary), settings.intake_quarantine_share)
    delivery = decide_delivery(store, actor=actor, delivery=delivery.id, state=state, reason=reason)
    progress("writing the quality page", 0, 1)
    return _report(settings, delivery, again=False)


def _validate(settings: Settings, delivery: DeliveryView, floor: Path, progress: Progress) -> DeliveryLedger:
    """Staged and quarantined rows are built on the floor and moved into place; what an interrupted attempt had moved
    already makes room."""
    feed = find_feed(delivery.feed)
    place = IntakePlaces.of(settings).delivery(delivery.id)
    ledger = validate_delivery(settings, feed, delivery, place.received, floor, progress)
    for built, at in ((floor / "quarantine", place.quarantine), (floor / "staged", place.staged)):
        shutil.rmtree(at, ignore_errors=True)
        progress("moving into place", 0, 1)
        built.rename(at)
    sync_folder(place.root)
    return ledger


def decide(ledger: DeliveryLedger, most: float) -> tuple[DeliveryState, str]:
    """The steward's rule: accepted as it is, or held for a person, and why."""
    if not ledger.total("rows_kept"):
        return DeliveryState.HELD, "no row passed the checks"
    if ledger.spoilt_tables:
        return DeliveryState.HELD, f"more than half of a table is in quarantine: {', '.join(ledger.spoilt_tables)}"
    share = ledger.quarantine_share
    if share > most:
        return DeliveryState.HELD, f"{share:.2%} of the rows are in quarantine, above the {most:.2%} of the rule"
    return DeliveryState.ACCEPTED, f"{share:.2%} of the rows are in quarantine, within the {most:.2%} of the rule"


def _report(settings: Settings, delivery: DeliveryView, *, again: bool) -> DeliveryReport:
    ledger = DeliveryLedger.from_json(delivery.summary)
    page = _page(settings, delivery.id)
    if not again or not page.exists():
        write_quality_page(page, delivery, ledger)
    return DeliveryReport(delivery, ledger, page, again)


def discard_delivery(settings: Settings, store: Store, delivery: str, *, actor: str, reason: str) -> DeliveryView:
    """Give up a delivery that was not decided: it is no more on record as landed, and its files go.

    Raises Refusal `no-such-delivery`, `delivery-state`, `reason-missing`.
    """
    return end_delivery(settings, store, delivery, DeliveryState.DISCARDED, actor=actor, reason=reason)


def end_delivery(
    settings: Settings, store: Store, delivery: str, state: DeliveryState, *, actor: str, reason: str
) -> DeliveryView:
    """Decide a delivery (accept, reject, withdraw, discard); files of one that will never count are removed.

    Raises Refusal `no-such-delivery`, `delivery-state`, `reason-missing`, `role-missing`.
    """
    view = decide_delivery(store, actor=actor, delivery=delivery, state=state, reason=reason)
    places = IntakePlaces.of(settings)
    if state in NEVER_COUNTS:
        shutil.rmtree(places.delivery(delivery).root, ignore_errors=True)
    ledger = DeliveryLedger.from_json(view.summary)
    if ledger.tables:
        write_quality_page(_page(settings, delivery), view, ledger)
    return view


def _page(settings: Settings, delivery: str) -> Path:
    return IntakePlaces.of(settings).reports / "deliveries" / f"{delivery}.html"


def report_of(settings: Settings, store: Store, delivery: str) -> DeliveryReport:
    """The report of a delivery on record. Raises Refusal `no-such-delivery`, `not-validated`."""
    with store.reading() as session:
        known = find_delivery(session, delivery)
    if not DeliveryLedger.from_json(known.summary).tables:
        raise Refusal("not-validated", "The delivery was not checked to the end.", "`sde delivery resume` goes on.")
    return _report(settings, known, again=True)
