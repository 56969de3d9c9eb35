"""Attacks on an extract's file itself: nothing that identifies is in any value or byte of it, two projects do not join,
and what opt-outs closed is not told by what was left open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from governance.registry import grant_table
from governance.settings import Settings
from governance.store import Store
from intake.cut.pipeline import ExtractOrder, ExtractReport, build_extract
from intake.cut.regional import RegionSource
from intake.optouts.loading import load_opt_outs
from tests.support.opt_out_region import ask_and_answer, make_spine, nhs_number, write_opt_outs
from tests.support.region_lab import Row, event, person, put_region

pytestmark = pytest.mark.slow

BY, PROJECT, OTHER = "operator:test", "gi-bleed", "respiratory"
PEOPLE = [700_000_123 + 7 * number for number in range(30)]  # spine numbers that stand out
TYPE_1 = PEOPLE[4]
POSTCODE, SURNAME, TEXT, SITE = "ZQ97 3XW", "Featherstonehaugh", "seen with her sister Wilhelmina", "Ward Xylophone"
VISIT = 800_000_000
DENIED_CODE, DENIED_DAY, DENIED_SPAN = 4_242_424, date(1987, 6, 5), date(1983, 4, 3)


def born(number: int) -> date:
    return date(1950 + number % 40, 11, 23)


def tables() -> dict[str, list[Row]]:
    """Everybody's rows carry all that must stay behind; those of the practice about TYPE_1 are of other days, codes."""
    made: dict[str, list[Row]] = {name: [] for name in ("person", "visit_occurrence", "measurement", "death")}
    made |= {name: [] for name in ("condition_occurrence", "observation_period", "location", "note")}
    for place, number in enumerate(PEOPLE):
        closed = number == TYPE_1
        for feed in ("gp", "hospital"):
            at_gp = feed == "gp"
            more = {
                "year_of_birth": born(number).year + (1 if at_gp and closed else 0),
                "ethnicity_concept_id": DENIED_CODE if at_gp and closed else 1,
                "birth_datetime": None,
                "month_of_birth": born(number).month,
                "day_of_birth": born(number).day,
                "person_source_value": f"{nhs_number(place)}|{SURNAME}|{POSTCODE}",
            }
            made["person"].append(person(number, feed, **more))
            first = DENIED_SPAN if at_gp and closed else date(2015, 1, 1)
            span = {"observation_period_start_date": first, "observation_period_end_date": date(2020, 1, 1)}
            made["observation_period"].append({"person_id": number, "source_feed": feed, **span})
            visit, concept = VISIT + place * 10 + at_gp, DENIED_CODE if at_gp and closed else 9202
            day = DENIED_DAY if at_gp and closed else date(2018, 1, 1 + place % 28)
            made["visit_occurrence"].append(
                event("visit_occurrence", visit, number, feed, concept, day, visit_source_value=SITE)
            )
            row = event("condition_occurrence", place * 10 + at_gp, number, feed, concept, day)
            made["condition_occurrence"].append({**row, "visit_occurrence_id": visit, "stop_reason": TEXT})
            # a hospital's row that refers to the practice's visit
            other = event("measurement", place * 10 + at_gp, number, "hospital", 1, date(2018, 5, 5))
            made["measurement"].append({**other, "visit_occurrence_id": visit, "value_source_value": TEXT})
            if closed:
                made["death"].append({"person_id": number, "source_feed": "gp", "death_date": DENIED_DAY})
    made["note"].append({"note_id": 1, "person_id": PEOPLE[0], "note_text": TEXT, "source_feed": "gp"})
    made["location"].append({"location_id": 1, "zip": POSTCODE, "lsoa_code": "E01000001", "imd_decile": 3})
    return made


@pytest.fixture
def extracts(
    settings: Settings, demo_register: Store, tmp_path: Path
) -> Iterator[tuple[Settings, ExtractReport, ExtractReport]]:
    settings.folder.create()
    make_spine(settings, {number: [nhs_number(place)] for place, number in enumerate(PEOPLE)})
    line = f"{nhs_number(PEOPLE.index(TYPE_1))},type_1,,active,2019-01-01,"
    load_opt_outs(settings, demo_register, write_opt_outs(tmp_path / "o.csv", [line]), actor=BY)
    ask_and_answer(settings, demo_register, tmp_path)
    version = put_region(settings, demo_register, "v1", tables())
    grant_table(demo_register, actor=BY, slug=OTHER, table="*")
    orders = (ExtractOrder(project, RegionSource(settings, version)) for project in (PROJECT, OTHER))
    one, other = (build_extract(settings, demo_register, order, actor=BY) for order in orders)
    yield settings, one, other


def file_of(settings: Settings, report: ExtractReport) -> Path:
    return settings.folder.extracts / report.folder / "extract.duckdb"


def every_value(file: Path) -> set[str]:
    """Each value of each table, hidden ones too, as text."""
    values: set[str] = set()
    with duckdb.connect(str(file), read_only=True) as extract:
        for (name,) in extract.execute("SELECT table_name FROM information_schema.tables").fetchall():
            for column in extract.sql(f'FROM "{name}"').to_arrow_table().columns:
                values |= {str(value) for value in column.to_pylist()}
    return values


def forbidden() -> dict[str, list[str]]:
    """What must not be there, by what it is."""
    return {
        "numbers of the spine": [str(number) for number in PEOPLE],
        "NHS numbers": [str(nhs_number(place)) for place in range(len(PEOPLE))],
        "visits of the region": [str(VISIT + place * 10 + more) for place in range(len(PEOPLE)) for more in (0, 1)],
        "days of birth": [str(born(number)) for number in PEOPLE],
        "words": [POSTCODE, POSTCODE.replace(" ", ""), SURNAME, TEXT, SITE, "hospital", "gp", "raw-9202"],
        "what is closed": [str(DENIED_CODE), str(DENIED_DAY), str(DENIED_SPAN)],
    }


def test_no_value_of_the_file_identifies_anybody(extracts: tuple[Settings, ExtractReport, ExtractReport]) -> None:
    settings, *reports = extracts
    for report in reports:
        values = every_value(file_of(settings, report))
        for what, searched in forbidden().items():
            assert not values & set(searched), what


def test_no_byte_of_the_file_does_either(extracts: tuple[Settings, ExtractReport, ExtractReport]) -> None:
    settings, *reports = extracts
    for report in reports:
        raw = file_of(settings, report).read_bytes() + (file_of(settings, report).parent / "manifest.json").read_bytes()
        texts = [text for what in ("NHS numbers", "words", "days of birth") for text in forbidden()[what]]
        for text in texts:
            # the manifest's own descriptions say `hospital`
            assert text in ("hospital", "gp") or text.encode() not in raw, text
        for number in (nhs_number(place) for place in range(len(PEOPLE))):
            assert number.to_bytes(8, "little") not in raw


def test_two_projects_share_no_number_but_their_hidden_marks(
    extracts: tuple[Settings, ExtractReport, ExtractReport],
) -> None:
    settings, one, other = extracts
    held: list[dict[str, set[Any]]] = []
    for report in (one, other):
        with duckdb.connect(str(file_of(settings, report)), read_only=True) as extract:
            people = extract.execute("SELECT person_id FROM person").fetchall()
            visits = extract.execute("SELECT visit_occurrence_id FROM visit_occurrence").fetchall()
            order = extract.execute("SELECT m.mark FROM person p JOIN sde_marks m USING (person_id) ORDER BY p.rowid")
            held.append({"people": {*people}, "visits": {*visits}, "order": {tuple(order.fetchall())}})
    for what in ("people", "visits", "order"):
        assert not held[0][what] & held[1][what], what


def test_a_closed_feed_is_not_told_by_what_is_open(extracts: tuple[Settings, ExtractReport, ExtractReport]) -> None:
    """The practice's word on ethnicity and birth, its days of registration, its visits and deaths are not there."""
    settings, report, _ = extracts
    with duckdb.connect(str(file_of(settings, report)), read_only=True) as extract:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            return extract.execute(sql).fetchall()

        assert ask("SELECT count(*), min(ethnicity_concept_id), max(ethnicity_concept_id) FROM person") == [(30, 1, 1)]
        assert ask("FROM death") == []
        spans = ask("SELECT DISTINCT observation_period_start_date FROM observation_period")
        assert spans == [(date(2015, 1, 1),)]
        # a measurement of the hospital that referred to the practice's visit refers to nothing now
        dangling = "SELECT count(*) FROM measurement WHERE visit_occurrence_id IS NULL"
        assert ask(dangling) == [(1,)]
        lost = "SELECT count(*) FROM measurement m ANTI JOIN visit_occurrence v USING (visit_occurrence_id)"
        assert ask(lost) == [(1,)]


def test_no_feed_free_text_or_exact_birth_has_a_column(
    extracts: tuple[Settings, ExtractReport, ExtractReport],
) -> None:
    settings, report, _ = extracts
    with duckdb.connect(str(file_of(settings, report)), read_only=True) as extract:
        names = {row[0] for row in extract.execute("SELECT column_name FROM information_schema.columns").fetchall()}
        tables = {row[0] for row in extract.execute("SELECT table_name FROM information_schema.tables").fetchall()}
        assert extract.execute("FROM location").fetchall() == [(1, "E01000001", 3)]
    assert not {"source_feed", "match_rank", "day_of_birth", "month_of_birth", "birth_datetime", "zip"} & names
    assert not [name for name in names if "source_value" in name or "text" in name or name == "provider_id"]
    assert "note" not in tables


def test_what_the_guard_is_told_holds_no_ledger(
    extracts: tuple[Settings, ExtractReport, ExtractReport], demo_register: Store
) -> None:
    """Counts of opted-out rows lie in the manifest for the steward; what the guard works with does not hold them."""
    from governance.extracts import load_project_data

    settings, report, _ = extracts
    with demo_register.reading() as session:
        told = repr(load_project_data(settings, session, PROJECT))
    manifest = json.loads((file_of(settings, report).parent / "manifest.json").read_text())
    assert any(step["step"].startswith("opt-out") for step in manifest["steps"])
    assert "opt-out" not in told
    assert "type_1" not in told
