"""Random opt-outs that change: a cut that takes over what did not change gives what a full cut gives, row for row and
line for line of the ledger."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import event as told
from hypothesis import example, given, settings
from hypothesis import strategies as st

from governance.catalogue import PERSON_ORDINAL
from governance.cohort import Cohort
from governance.refusal import Refusal
from governance.registry import GrantRule
from governance.roles import ALL_TABLES, ExtractOrigin, Purpose
from intake.cut.filling import Filled, fill_database
from intake.cut.kept import write_list
from intake.cut.people import COHORT
from intake.cut.reuse import Earlier
from intake.cut.source import Source
from intake.cut.wanted import Wanted
from intake.cut.workbench import cutting_engine
from intake.keys import FileKeyStore
from intake.omop import omop_catalogue
from intake.sources import SourceTable
from tests.generative.test_cut_reference import BEGIN, FEEDS, KINDS, PEOPLE, SHOWN, cohorts, denials, grants, regions
from tests.support.region_lab import Row, arrow_table, event, person

Denied = Mapping[tuple[int, str], str]
NOBODY: Denied = {}


@st.composite
def linked_regions(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Conditions belong to a visit of the same person, or to none; sometimes one is of somebody else's."""
    tables = draw(regions())
    visits: dict[object, list[object]] = {}
    for row in tables["visit_occurrence"]:
        visits.setdefault(row["person_id"], []).append(row["visit_occurrence_id"])
    strays = draw(st.sampled_from([False, False, False, True]))
    linked = []
    for row in tables["condition_occurrence"]:
        known = [place for own in visits.values() for place in own] if strays else visits.get(row["person_id"], [])
        linked.append({**row, "visit_occurrence_id": draw(st.sampled_from([None, *known]))})
    return {**tables, "condition_occurrence": linked}


def everybody(feeds: tuple[str, ...] = ("gp", "hospital")) -> dict[str, list[Row]]:
    """Five people known to two feeds, each with a visit and a condition of it in both."""
    tables: dict[str, list[Row]] = {name: [] for name in SHOWN}
    for place, (number, feed) in enumerate((number, feed) for number in PEOPLE for feed in feeds):
        tables["person"].append(person(number, feed))
        visit = {"visit_end_date": BEGIN, "visit_occurrence_id": place}
        tables["visit_occurrence"].append({**event("visit_occurrence", place, number, feed, 1, BEGIN), **visit})
        condition = event("condition_occurrence", place, number, feed, 1, BEGIN)
        tables["condition_occurrence"].append({**condition, "visit_occurrence_id": place})
    return tables


WHOLE = (GrantRule(ALL_TABLES),)


@pytest.mark.slow
@settings(max_examples=20)
@given(linked_regions(), denials, denials, grants(), cohorts)
@example(everybody(), NOBODY, {(1, "gp"): "type_1"}, WHOLE, Cohort())
@example(everybody(), {(2, "gp"): "type_1"}, {(2, "gp"): "national", (2, "hospital"): "national"}, WHOLE, Cohort())
@example(everybody(), {(3, "gp"): "national", (3, "hospital"): "national"}, NOBODY, WHOLE, Cohort())
def test_taking_over_gives_what_a_full_cut_gives(
    tables: dict[str, list[Row]], before: Denied, after: Denied, rules: tuple[GrantRule, ...], cohort: Cohort
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys").mkdir()
        try:
            earlier = cut(folder, "earlier", tables, before, rules, cohort)
            whole = cut(folder, "whole", tables, after, rules, cohort)
        except Refusal as refusal:
            assert refusal.code == "empty-cohort"
            return
        given_extract = Earlier(folder / "earlier.duckdb", folder / "earlier.list", earlier.catalogue)
        taken = cut(folder, "taken", tables, after, rules, cohort, given_extract)
        told("taken over" if (folder / "taken.over").exists() else "cut anew")
        assert (taken.steps, taken.people, taken.catalogue) == (whole.steps, whole.people, whole.catalogue)
        assert contents(folder / "taken.duckdb") == contents(folder / "whole.duckdb")


def test_an_opt_out_and_its_withdrawal_are_taken_over_not_cut_anew(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    first = cut(tmp_path, "first", everybody(), NOBODY, WHOLE, Cohort())
    earlier = Earlier(tmp_path / "first.duckdb", tmp_path / "first.list", first.catalogue)
    closed = {(1, "gp"): "type_1", (2, "gp"): "national", (2, "hospital"): "national"}
    second = cut(tmp_path, "second", everybody(), closed, WHOLE, Cohort(), earlier)
    assert (tmp_path / "second.over").exists()
    rows = [asdict(step)["rows_out"] for step in second.steps if step.table == "condition_occurrence"]
    assert rows[-1] == 2 * len(PEOPLE) - 3
    later = Earlier(tmp_path / "second.duckdb", tmp_path / "second.list", second.catalogue)
    cut(tmp_path, "third", everybody(), NOBODY, WHOLE, Cohort(), later)
    assert (tmp_path / "third.over").exists()
    assert contents(tmp_path / "third.duckdb") == contents(tmp_path / "first.duckdb")


def test_a_row_that_refers_to_another_persons_visit_makes_the_cut_a_full_one(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    tables = everybody()
    tables["condition_occurrence"][0] = {**tables["condition_occurrence"][0], "visit_occurrence_id": 9}
    first = cut(tmp_path, "first", tables, NOBODY, WHOLE, Cohort())
    earlier = Earlier(tmp_path / "first.duckdb", tmp_path / "first.list", first.catalogue)
    for number in (1, len(PEOPLE)):  # whose row it is, and whose visit
        closed = {(number, "gp"): "local", (number, "hospital"): "local"}
        name = f"closed{number}"
        cut(tmp_path, name, tables, closed, WHOLE, Cohort(), earlier)
        assert not (tmp_path / f"{name}.over").exists()
        cut(tmp_path, f"{name}-whole", tables, closed, WHOLE, Cohort())
        assert contents(tmp_path / f"{name}.duckdb") == contents(tmp_path / f"{name}-whole.duckdb")


def cut(
    folder: Path,
    name: str,
    tables: dict[str, list[Row]],
    denied: Denied,
    rules: tuple[GrantRule, ...],
    cohort: Cohort,
    earlier: Earlier | None = None,
) -> Filled:
    """`name.duckdb` and `name.list`; `name.over` if rows were taken over."""
    granted: dict[str, frozenset[str] | None] = {}
    for table in SHOWN:
        held = [rule.columns for rule in rules if rule.table in (table, ALL_TABLES)]
        if held:
            granted[table] = None if None in held else frozenset().union(*(columns or () for columns in held))
    wanted = Wanted("p", Purpose.LOCAL_RESEARCH, omop_catalogue().cut_to(granted), rules, cohort, "")
    kinds = (*KINDS, "local")
    with cutting_engine(folder / "spill", 2**30) as connection:
        sources: dict[str, SourceTable] = {}
        for table, rows in tables.items():
            made = arrow_table(table, rows)
            connection.register(f"r_{table}", made)
            sources[table] = SourceTable(table, f"r_{table}", {column: column for column in made.column_names})
        connection.execute("CREATE TEMP TABLE denied (person_id BIGINT, source_feed VARCHAR, kind VARCHAR)")
        for (person_id, feed), kind in denied.items():
            connection.execute("INSERT INTO denied VALUES (?, ?, ?)", [person_id, feed, kind])
        source = Source("r", "0" * 64, sources, ExtractOrigin.REGION, "", FEEDS, "denied", kinds)
        database, keys = folder / f"{name}.duckdb", FileKeyStore(folder / "keys")
        filled = fill_database(connection, database, source, wanted, keys, lambda *_: None, earlier)
        write_list(connection, COHORT, source, folder / f"{name}.list")
        if connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'unchanged'").fetchall():
            (folder / f"{name}.over").touch()
    return filled


def contents(file: Path) -> dict[str, Counter[tuple[Any, ...]]]:
    """Every table's rows but for numbers of rows, which must go up with the people."""
    found: dict[str, Counter[tuple[Any, ...]]] = {}
    with duckdb.connect(str(file), read_only=True) as extract:
        for (table,) in extract.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall():
            columns = [row[0] for row in extract.execute(f"DESCRIBE {table}").fetchall()]
            number = f"{table}_id"
            if number in columns and table not in ("person", "visit_occurrence"):
                columns.remove(number)
                order = extract.execute(f"SELECT {number}, {PERSON_ORDINAL} FROM {table} ORDER BY 1").fetchall()
                assert [row[0] for row in order] == list(range(1, len(order) + 1))
                assert [row[1] for row in order] == sorted(row[1] for row in order)
            if PERSON_ORDINAL in columns:
                places = [row[0] for row in extract.execute(f"SELECT {PERSON_ORDINAL} FROM {table}").fetchall()]
                assert places == sorted(places)
            found[table] = Counter(extract.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall())
    return found
