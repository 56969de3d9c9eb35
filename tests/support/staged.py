"""Small staged tables and a small spine, as landing and linkage would leave them: readable rows in, OMOP rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from governance.registry.deliveries import DeliveryState, DeliveryView
from governance.settings import Settings
from intake.feeds import Feed, FeedTable, find_feed
from intake.harmonise import HarmoniseReport, harmonise
from intake.landing.current import NUMBER_SHIFT
from intake.landing.references import person_ref_sql
from intake.places import IntakePlaces
from intake.sources import folder_rows, quote_name, quote_text

Rows = Sequence[Mapping[str, Any]]


class Staging:
    """Stages rows feed by feed, links people, harmonises, and answers questions of the result."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.places = IntakePlaces.of(settings)
        self.deliveries: list[DeliveryView] = []
        self.report: HarmoniseReport | None = None
        self.links: list[tuple[str, str, Mapping[str, Any], int | None]] = []
        self.folder = settings.folder.region / "v1"

    def stage(self, feed: str, **tables: Rows) -> DeliveryView:
        """One accepted delivery of the feed with these rows; columns not named are NULL."""
        number = len(self.deliveries) + 1
        name = f"d{number}"
        delivery = DeliveryView(
            name, number, feed, "0" * 64, DeliveryState.ACCEPTED, datetime.now(UTC), 0, 0, 0, 0, "", None, "", "{}"
        )
        self.deliveries.append(delivery)
        for table, rows in tables.items():
            self._write(find_feed(feed), find_feed(feed).tables[table], number, rows)
        return delivery

    def link(self, feed: str, table: str, person_id: int | None, **identity: Any) -> None:
        """Whoever has these values in this table is this person (None: nobody)."""
        self.links.append((feed, table, identity, person_id))

    def run(self, folder: Path | None = None) -> HarmoniseReport:
        """Write the spine and harmonise."""
        self._write_spine()
        self.folder = folder or self.folder
        self.report = harmonise(self.settings, self.deliveries, self.folder)
        return self.report

    def rows(self, table: str, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Columns of an OMOP table, in the order of all of them."""
        sql = f"SELECT {columns} FROM {folder_rows(self.folder / table)} WHERE {where} ORDER BY ALL"
        return duckdb.sql(sql).fetchall()

    def _write(self, feed: Feed, table: FeedTable, number: int, rows: Rows) -> None:
        folder = self.places.delivery(f"d{number}").staged / table.name
        folder.mkdir(parents=True)
        assert rows and all(set(row) <= set(table.columns) for row in rows), table.name
        with duckdb.connect() as connection:
            columns = ", ".join(f"{quote_name(c.name)} {c.type}" for c in table.columns.values())
            connection.execute(f"CREATE TABLE staged ({columns})")
            for row in rows:
                held = [row.get(name) for name in table.columns]
                connection.execute(f"INSERT INTO staged VALUES ({', '.join('?' * len(held))})", held)
            first = number << NUMBER_SHIFT
            connection.execute(
                f"COPY (SELECT *, {first} + rowid AS record_id, {person_ref_sql(feed, table)} AS person_ref"
                " FROM staged)"
                f" TO {quote_text(str(folder / 'part.parquet'))} (FORMAT parquet)"
            )

    def _write_spine(self) -> None:
        self.places.spine.parent.mkdir(parents=True, exist_ok=True)
        self.places.spine.unlink(missing_ok=True)
        with duckdb.connect(str(self.places.spine)) as connection:
            connection.execute(
                "CREATE TABLE link (feed VARCHAR, person_ref UBIGINT, person_id BIGINT, match_rank UTINYINT,"
                " confidence DOUBLE)"
            )
            for feed, table, identity, person_id in self.links:
                known = find_feed(feed).tables[table]
                held = {name: identity.get(name) for name in known.columns}
                columns = ", ".join(f"CAST(? AS {c.type}) AS {quote_name(c.name)}" for c in known.columns.values())
                connection.execute(
                    f"INSERT INTO link SELECT ?, {person_ref_sql(find_feed(feed), known)}, ?, ?, 1.0"
                    f" FROM (SELECT {columns})",
                    [feed, person_id, 1 if person_id is not None else 5, *held.values()],
                )
