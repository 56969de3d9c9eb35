"""Checks and stages every table of a received delivery on the landing's floor; its ledger."""

from __future__ import annotations

from pathlib import Path

import duckdb

from governance.registry.deliveries import DeliveryView
from governance.settings import Settings
from intake.feeds import Feed
from intake.landing.engine import open_engine
from intake.landing.files import DeliveredFile, find_files
from intake.landing.ledger import DeliveryLedger, TableLedger
from intake.landing.side_by_side import side_by_side
from intake.landing.sources import open_sources
from intake.landing.staging import Shelf, stage_table
from intake.landing.survey import Surveyor, count_delivered_numbers
from intake.progress import Progress


def validate_delivery(
    settings: Settings, feed: Feed, delivery: DeliveryView, received: Path, floor: Path, progress: Progress
) -> DeliveryLedger:
    """Fill `floor/staged/<table>` and `floor/quarantine/<table>`. Raises Refusal for what cannot be read at all."""
    files = find_files(feed, [received])
    tables = [name for name in feed.tables if any(file.table == name for file in files)]
    with open_engine(settings, floor / "scratch") as connection:
        staged = [_stage(connection, feed, delivery, name, files, floor, progress) for name in tables]

        def survey(own: duckdb.DuckDBPyConnection, of: tuple[TableLedger, int | None], tell: Progress) -> TableLedger:
            ledger, told = of
            return Surveyor(own, feed, floor / "staged", tables).survey(feed.tables[ledger.table], ledger, told, tell)

        ledgers = side_by_side(connection, survey, staged, progress)
    for file in sorted((floor / "staged").glob("*/*")) + sorted((floor / "quarantine").glob("*/*")):
        file.chmod(0o400)
    return DeliveryLedger(tuple(ledgers))


def _stage(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    delivery: DeliveryView,
    name: str,
    files: tuple[DeliveredFile, ...],
    floor: Path,
    progress: Progress,
) -> tuple[TableLedger, int | None]:
    table = feed.tables[name]
    shelf = Shelf(floor / "staged" / name, floor / "quarantine" / name, delivery.number, delivery.received_at.date())
    for folder in (shelf.staged, shelf.quarantine):
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
    scratch = floor / "scratch"
    sources = open_sources(connection, [file for file in files if file.table == name], table, scratch, progress)
    ledger = stage_table(connection, feed, table, sources, shelf, progress)
    told = count_delivered_numbers(connection, table, sources, shelf.quarantine, progress)
    for file in scratch.glob(f"{name}-*.parquet"):
        file.unlink()
    return ledger, told
