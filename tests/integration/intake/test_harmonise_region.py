"""A small synthetic region, landed, linked and harmonised: every row is accounted for, and it conforms."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from governance.registry import initialise
from governance.registry.deliveries import DeliveryView, accepted_deliveries
from governance.settings import Settings
from governance.store import open_store
from intake.feeds import region_feeds
from intake.harmonise import HarmoniseReport, harmonise
from intake.harmonise.page import region_sections
from intake.landing.delivery import land_delivery
from intake.linkage import link_people
from intake.omop.conformance import check
from intake.omop.loading import load_vocabulary
from intake.reporting import write_report
from intake.sources import open_workbench
from intake.synth.region import RegionOrder, make_region

pytestmark = pytest.mark.slow

BY = "operator:test"
PEOPLE = 400


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[DeliveryView], Path, HarmoniseReport]:
    """400 people's six feeds, landed, linked and harmonised."""
    root = tmp_path_factory.mktemp("region")
    settings = Settings(state=root / "state")
    settings.folder.create()
    initialise(settings)
    store = open_store(settings)
    delivered = root / "delivered"
    make_region(RegionOrder(PEOPLE, 7, delivered), progress=lambda *_: None)
    for feed in region_feeds():
        for delivery in sorted((delivered / feed.name).iterdir()):
            if any(delivery.iterdir()):
                land_delivery(settings, store, feed, [delivery], actor=BY)
    load_vocabulary(settings, store, delivered / "vocabulary", actor=BY)
    with store.reading() as session:
        deliveries = accepted_deliveries(session)
    link_people(settings, deliveries)
    folder = settings.folder.region / "v1"
    return settings, deliveries, folder, harmonise(settings, deliveries, folder)


def ask(folder: Path, table: str, sql: str) -> list[tuple[object, ...]]:
    return duckdb.sql(sql.format(f"read_parquet('{folder}/{table}/*.parquet', union_by_name = true)")).fetchall()


def test_every_landed_row_is_accounted_for(
    region: tuple[Settings, list[DeliveryView], Path, HarmoniseReport],
) -> None:
    _settings, deliveries, folder, report = region
    assert all(line.adds_up for line in report.ledger)
    landed = sum(view.rows_kept for view in deliveries)
    assert sum(line.staged for line in report.ledger) == landed
    for table in {line.target for line in report.produced}:
        made = sum(line.rows for line in report.produced if line.target == table)
        assert ask(folder, table, "SELECT count(*) FROM {}") == [(made,)]
    assert 0.9 * PEOPLE < report.people <= PEOPLE + 20


def test_the_region_conforms(
    region: tuple[Settings, list[DeliveryView], Path, HarmoniseReport], tmp_path: Path
) -> None:
    _, _, folder, report = region
    with open_workbench() as connection:
        held = check(connection, folder)
    assert [(r.check, r.table, r.breaches) for r in held.results if r.outcome != "pass"] == []
    page = tmp_path / "regions" / "v1.html"
    write_report(page, "v1", region_sections(report, held))
    assert "Conformance to the OMOP model" in page.read_text(encoding="utf-8")


def test_areas_have_their_deprivation(region: tuple[Settings, list[DeliveryView], Path, HarmoniseReport]) -> None:
    rows = ask(region[2], "location", "SELECT count(*), count(imd_decile), min(imd_decile), max(imd_decile) FROM {}")
    assert rows[0][0] == rows[0][1] != 0
    assert 1 <= int(str(rows[0][2])) <= int(str(rows[0][3])) <= 10


def test_files_are_sorted_by_person_and_the_same_input_gives_the_same_rows(
    region: tuple[Settings, list[DeliveryView], Path, HarmoniseReport], tmp_path: Path
) -> None:
    settings, deliveries, folder, _ = region
    again = tmp_path / "again"
    harmonise(settings, list(reversed(deliveries)), again)
    files = sorted(file.relative_to(folder) for file in folder.glob("*/*.parquet"))
    assert files == sorted(file.relative_to(again) for file in again.glob("*/*.parquet"))
    for file in files:
        if file.parts[0] in ("location", "care_site", "concept", "source_to_concept_map", "cdm_source"):
            continue
        people = [row[0] for row in duckdb.sql(f"SELECT person_id FROM read_parquet('{folder / file}')").fetchall()]
        assert people == sorted(people), file
        assert _rows(folder / file) == _rows(again / file), file


def _rows(file: Path) -> list[tuple[object, ...]]:
    return duckdb.sql(f"SELECT * FROM read_parquet('{file}')").fetchall()


def test_no_identifier_of_anybody_is_in_the_region(
    region: tuple[Settings, list[DeliveryView], Path, HarmoniseReport],
) -> None:
    """NHS numbers, surnames and postcodes of all people, against every text of every table."""
    settings, _, folder, _ = region
    spine = settings.folder.identifiable / "spine.duckdb"
    with duckdb.connect(str(spine), read_only=True) as connection:
        people = connection.execute("SELECT nhs_number, surname, forename, postcode FROM person").fetchall()
    naming = {str(value) for row in people for value in row if value}
    assert len(naming) > PEOPLE
    for table in sorted(folder.iterdir()):
        if table.name in ("concept", "source_to_concept_map"):
            continue
        for row in duckdb.sql(f"SELECT * FROM read_parquet('{table}/*.parquet', union_by_name = true)").fetchall():
            assert not naming & {value for value in row if isinstance(value, str)}, table.name
