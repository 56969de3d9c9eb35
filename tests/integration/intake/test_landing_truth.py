"""The synthetic region's planted faults against what the landing found: each is found, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from governance.settings import Settings
from governance.store import Store
from intake.feeds import find_feed
from intake.landing.delivery import land_delivery
from intake.synth.region import RegionOrder, make_region

#: Planted faults that put a row into quarantine. An unknown SNOMED code in a GP journal does not: it stays, unmapped.
QUARANTINED = "('absurd_date', 'ends_before_start', 'missing_value', 'out_of_bounds', 'unknown_code')"


@pytest.mark.slow
def test_what_was_planted_is_what_is_found(settings: Settings, store: Store, tmp_path: Path) -> None:
    region = tmp_path / "region"
    make_region(RegionOrder(4_000, 5, region), progress=lambda *_: None)
    with duckdb.connect() as connection:
        truth = f"'{region}/truth/fault.parquet' WHERE delivery = 1"
        bad = f"fault IN {QUARANTINED} AND NOT (feed = 'gp' AND fault = 'unknown_code')"
        planted = connection.execute(
            f"SELECT feed, of_table, count(*) FILTER ({bad}), count(*) FILTER (fault = 'duplicate_row')"
            f" FROM {truth} GROUP BY ALL"
        ).fetchall()
        lines_of = f"SELECT feed, count(*) FROM '{region}/truth/fault_lines.parquet' GROUP BY feed"
        broken = dict(connection.execute(lines_of).fetchall())
    expected = {(feed, table): (bad, twice) for feed, table, bad, twice in planted}
    assert sum(bad for bad, _ in expected.values()) > 20 and broken
    for name in ("hospital", "social_care", "ambulance"):
        report = land_delivery(settings, store, find_feed(name), [region / name / "1-first"], actor="operator:test")
        for table in report.ledger.tables:
            bad, twice = expected.get((name, table.table), (0, 0))
            lines = sum(fault.rows for fault in table.faults if not fault.column)
            assert lines <= broken.get(name, 0)
            assert (table.rows_quarantined - lines, table.rows_duplicate) == (bad, twice), table
