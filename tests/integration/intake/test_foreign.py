"""Data nobody here wrote, through the same steps: a feed of another country, and an OMOP database from elsewhere."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from intake.cut.pipeline import ExtractOrder, build_extract
from intake.cut.source import AdoptedDatabase
from intake.feeds import find_feed
from intake.harmonise import HarmoniseReport, harmonise_foreign
from intake.landing.delivery import land_delivery
from intake.omop.conformance import check
from intake.region import build_foreign, build_region
from intake.sources import attach_source, open_workbench

pytestmark = pytest.mark.slow

FOREIGN = Path(__file__).parents[2] / "fixtures" / "foreign"
SYNTHEA, OMOP_ZIP = FOREIGN / "synthea", FOREIGN / "synthea27nj-omop54.zip"
#: Columns of patients.csv whose values name somebody. Cities and states are also words of the vocabulary.
NAMING = ("Id", "SSN", "DRIVERS", "PASSPORT", "FIRST", "LAST", "MAIDEN", "ADDRESS", "ZIP", "LAT", "LON", "CITY")
BY = "operator:test"


@pytest.fixture(scope="module")
def patients() -> list[dict[str, str]]:
    """The people of the foreign feed as delivered."""
    with gzip.open(SYNTHEA / "patients.csv.gz", "rt", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def landed(settings: Settings, store: Store) -> tuple[Path, HarmoniseReport]:
    """The foreign feed landed and harmonised."""
    report = land_delivery(settings, store, find_feed("synthea"), [SYNTHEA], actor=BY)
    assert report.delivery.state == "accepted", report.ledger
    folder = settings.folder.root / "foreign" / "synthea"
    return folder, harmonise_foreign(settings, "synthea", [report.delivery], folder)


def everything(folder: Path) -> Iterator[tuple[str, str]]:
    """Every value of every table as text."""
    for table in sorted(folder.iterdir()):
        rows = duckdb.sql(f"SELECT * FROM read_parquet('{table}/*.parquet', union_by_name = true)").fetchall()
        yield from ((table.name, str(value)) for row in rows for value in row if value is not None)


def test_a_feed_of_another_country_needs_a_mapping_and_no_code(
    landed: tuple[Path, HarmoniseReport], patients: list[dict[str, str]]
) -> None:
    folder, report = landed
    assert report.people == len(patients) == 27
    rows = {line.table: line.out for line in report.ledger}
    assert rows == {
        "patient": 27,
        "encounter": 604,
        "condition": 438,
        "medication": 663,
        "procedure": 249,
        "observation": 990,
        "immunization": 29,
        "allergy": 40,
        "device": 3,
    }
    assert all(line.adds_up for line in report.ledger)
    unknown = sum(line.unmapped for line in report.ledger)
    assert 0 < unknown < 0.05 * sum(rows.values())
    pharyngitis = f"SELECT count(*) FROM read_parquet('{folder}/condition_occurrence/*.parquet', union_by_name = true)"
    pharyngitis += " WHERE condition_concept_id = 4112343 AND condition_source_value = '195662009'"
    assert duckdb.sql(pharyngitis).fetchall() == [(2,)]
    dead = [row for row in patients if row["DEATHDATE"]]
    assert duckdb.sql(
        f"SELECT count(*) FROM read_parquet('{folder}/death/*.parquet', union_by_name = true)"
    ).fetchall() == [(len(dead),)]


def test_no_identifier_of_anybody_is_in_the_output(
    landed: tuple[Path, HarmoniseReport], patients: list[dict[str, str]]
) -> None:
    """Whole values everywhere; what is long enough to be nobody else's also within longer texts."""
    folder, _ = landed
    naming = {row[column] for row in patients for column in NAMING if row[column]}
    assert len(naming) > 200
    values = {value for _, value in everything(folder)}
    assert not naming & values
    long = [value for value in naming if len(value) > 7]
    texts = "\n".join(sorted(values))
    assert not [value for value in long if value in texts]


def test_the_foreign_output_conforms(landed: tuple[Path, HarmoniseReport]) -> None:
    with open_workbench() as connection:
        report = check(connection, landed[0])
    assert [result for result in report.results if result.outcome == "fail"] == []


def test_a_feed_of_the_region_is_not_foreign(settings: Settings) -> None:
    with pytest.raises(Refusal) as refused:
        harmonise_foreign(settings, "gp", [], settings.folder.root / "foreign")
    assert refused.value.code == "not-foreign"


def test_the_golden_omop_set_is_read_from_its_zip_and_checked() -> None:
    """Its 12 events outside the observation periods are the set's own; the rest of it keeps every rule."""
    with open_workbench() as connection:
        tables = attach_source(connection, OMOP_ZIP)
        assert len(tables) == 39
        assert connection.execute(f"SELECT count(*) FROM {tables['person'].relation}").fetchall() == [(28,)]
    with open_workbench() as connection:
        report = check(connection, OMOP_ZIP)
    failed = {(result.check, result.table): result.breaches for result in report.results if result.outcome == "fail"}
    assert failed == {
        ("within-observation", "condition_occurrence"): 1,
        ("within-observation", "procedure_occurrence"): 1,
        ("within-observation", "measurement"): 4,
        ("within-observation", "observation"): 6,
    }


def test_a_foreign_feed_becomes_a_projects_extract_by_command(
    settings: Settings, demo_register: Store, patients: list[dict[str, str]]
) -> None:
    """Landed, harmonised, adopted: the same steps, and none of its people joins the region's."""
    land_delivery(settings, demo_register, find_feed("synthea"), [SYNTHEA], actor=BY)
    built = build_foreign(settings, demo_register, "synthea", actor=BY)
    again = build_foreign(settings, demo_register, "synthea", actor=BY)
    assert again.folder == built.folder and again.harmonised.rows == built.harmonised.rows
    order = ExtractOrder("gi-bleed", AdoptedDatabase(built.folder, "synthetic people"))
    report = build_extract(settings, demo_register, order, actor=BY)
    assert report.people == len(patients)
    content = (settings.folder.extracts / report.folder / "extract.duckdb").read_bytes()
    for patient in patients:
        for name in ("Id", "SSN", "ADDRESS"):
            assert patient[name].encode() not in content
    with pytest.raises(Refusal, match="no-deliveries"):
        build_region(settings, demo_register, actor=BY)
