"""Random small regions, opt-outs, grants and cohorts: the extract holds exactly what a slow reference says, under
pseudonyms, and its ledger tells exactly what the reference tells of every row and person."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import event as told
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.cohort import Cohort, CohortCondition, Sex
from governance.refusal import Refusal
from governance.registry import GrantRule
from governance.roles import ALL_TABLES, ExtractOrigin, Purpose
from intake.cut.filling import Filled, fill_database
from intake.cut.source import Source
from intake.cut.wanted import Wanted
from intake.cut.workbench import cutting_engine
from intake.keys import FileKeyStore, open_project_key
from intake.omop import omop_catalogue
from intake.sources import SourceTable
from tests.support.cut_reference import Reference
from tests.support.region_lab import Row, arrow_table, event, person

FEEDS = ("gp", "hospital", "community")
KINDS = ("gdpr_objection", "type_1", "national")
PEOPLE = range(1, 6)
STRANGER = 77  # no row in person
BEGIN = date(2020, 1, 1)
SHOWN: Mapping[str, Sequence[str]] = {
    "person": ("gender_concept_id", "year_of_birth"),
    "observation_period": ("observation_period_start_date", "observation_period_end_date"),
    "condition_occurrence": ("condition_concept_id", "condition_start_date", "condition_end_date"),
    "visit_occurrence": ("visit_concept_id", "visit_start_date"),
    "death": ("death_date",),
}

days = st.integers(0, 20).map(lambda n: BEGIN + timedelta(n))
feeds = st.sampled_from((*FEEDS, *FEEDS, "martian"))


@st.composite
def regions(draw: st.DrawFn) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {name: [] for name in SHOWN}
    for number in PEOPLE:
        for feed in draw(st.lists(st.sampled_from(FEEDS), min_size=1, max_size=3, unique=True)):
            born, sex = draw(st.sampled_from([1950, 1990])), draw(st.sampled_from([8507, 8532]))
            tables["person"].append(person(number, feed, year_of_birth=born, gender_concept_id=sex))
            if draw(st.booleans()):
                first = draw(days)
                last = first + timedelta(draw(st.integers(0, 10)))
                span = {"observation_period_start_date": first, "observation_period_end_date": last}
                tables["observation_period"].append({"person_id": number, "source_feed": feed, **span})
            if draw(st.booleans()):
                tables["death"].append({"person_id": number, "source_feed": feed, "death_date": draw(days)})
    for table in ("condition_occurrence", "visit_occurrence"):
        for place in range(draw(st.integers(0, 10))):
            who, concept = draw(st.sampled_from([*PEOPLE, STRANGER])), draw(st.integers(1, 3))
            row = event(table, place, who, draw(feeds), concept, draw(st.none() | days))
            tables[table].append(
                {**row, "condition_end_date": BEGIN, "visit_end_date": BEGIN, "visit_occurrence_id": place}
            )
    return tables


@st.composite
def grants(draw: st.DrawFn) -> tuple[GrantRule, ...]:
    rules = [GrantRule("person")]
    for table in ("condition_occurrence", "visit_occurrence", "death", "observation_period", ALL_TABLES):
        for _ in range(draw(st.integers(0, 2))):
            first, last = sorted((draw(days), draw(days)))
            starts, ends = draw(st.sampled_from([(None, None), (first, None), (None, last), (first, last)]))
            coded = table.endswith("_occurrence") and draw(st.booleans())
            codes = frozenset(draw(st.sets(st.integers(1, 3), min_size=1))) if coded else frozenset[int]()
            some = table != ALL_TABLES and draw(st.booleans())
            columns = frozenset(draw(st.sets(st.sampled_from(SHOWN[table]), min_size=1))) if some else None
            rules.append(GrantRule(table, columns, starts, ends, codes))
    return tuple(rules)


cohorts = st.builds(
    Cohort,
    st.lists(
        st.sets(st.integers(1, 3), min_size=1).map(
            lambda codes: CohortCondition("condition_occurrence", "condition_concept_id", tuple(sorted(codes)))
        ),
        max_size=2,
    ).map(tuple),
    st.sampled_from([None, None, 1970]),
    st.sampled_from([None, None, 1970]),
    st.sampled_from([None, None, *Sex]),
    st.sampled_from([False, False, True]),
)
denials = st.dictionaries(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(FEEDS)), st.sampled_from(KINDS), max_size=8
)


@pytest.mark.slow
@settings(max_examples=50)
@given(regions(), denials, grants(), cohorts)
def test_the_extract_is_what_the_reference_says(
    tables: dict[str, list[Row]], denied: dict[tuple[int, str], str], rules: tuple[GrantRule, ...], cohort: Cohort
) -> None:
    named = {rule.table for rule in rules}
    shown = {name: columns for name, columns in SHOWN.items() if {name, ALL_TABLES} & named}
    about = {name: [rule for rule in rules if rule.table in (name, ALL_TABLES)] for name in shown}
    expected = Reference(tables, denied, FEEDS, KINDS).cut(cohort, about, shown)
    with tempfile.TemporaryDirectory() as folder:
        try:
            filled = build(Path(folder), tables, denied, rules, cohort)
        except Refusal as refusal:
            assert refusal.code == "empty-cohort"
            assert not expected.people["in"]
            told("nobody")
            return
        found = read_rows(Path(folder), shown, rules)
    told("somebody")
    assert found == {name: visible(expected.rows[name], columns, about[name]) for name, columns in shown.items()}
    fate = {"others": filled.people.others, **filled.people.opted_out, "in": filled.people.chosen}
    assert {name: count for name, count in fate.items() if count} == +expected.people
    for name in shown:
        assert ledger(filled, name) == {key: n for key, n in expected.fates[name].items() if n and key != "in"}


def build(
    folder: Path,
    tables: dict[str, list[Row]],
    denied: dict[tuple[int, str], str],
    rules: tuple[GrantRule, ...],
    cohort: Cohort,
) -> Filled:
    granted: dict[str, frozenset[str] | None] = {}
    for name in SHOWN:
        held = [rule.columns for rule in rules if rule.table in (name, ALL_TABLES)]
        if held:
            granted[name] = None if None in held else frozenset().union(*(columns or () for columns in held))
    wanted = Wanted("p", Purpose.LOCAL_RESEARCH, omop_catalogue().cut_to(granted), rules, cohort, "")
    (folder / "keys").mkdir()
    keys = FileKeyStore(folder / "keys")
    with cutting_engine(folder / "spill", 2**30) as connection:
        sources: dict[str, SourceTable] = {}
        for name, rows in tables.items():
            connection.register(f"r_{name}", arrow_table(name, rows))
            columns = arrow_table(name, rows).column_names
            sources[name] = SourceTable(name, f"r_{name}", {column: column for column in columns})
        listed = [(person_id, feed, kind) for (person_id, feed), kind in denied.items()]
        connection.execute("CREATE TEMP TABLE denied (person_id BIGINT, source_feed VARCHAR, kind VARCHAR)")
        if listed:
            connection.executemany("INSERT INTO denied VALUES (?, ?, ?)", listed)
        source = Source("r", "0" * 64, sources, ExtractOrigin.REGION, "", FEEDS, "denied", KINDS)
        return fill_database(connection, folder / "extract.duckdb", source, wanted, keys, lambda *_: None)


def read_rows(
    folder: Path, shown: Mapping[str, Sequence[str]], rules: Sequence[GrantRule]
) -> dict[str, Counter[tuple[Any, ...]]]:
    numbers = [*PEOPLE, STRANGER]
    names = dict(zip(open_project_key(folder / "keys", "p", "person").pseudonyms(numbers), numbers, strict=True))
    found: dict[str, Counter[tuple[Any, ...]]] = {}
    with duckdb.connect(str(folder / "extract.duckdb"), read_only=True) as extract:
        for name, columns in shown.items():
            held = granted_columns(columns, [rule for rule in rules if rule.table in (name, ALL_TABLES)])
            rows = extract.execute(f"SELECT {', '.join(['person_id', *held])} FROM {name}").fetchall()
            found[name] = Counter((names[row[0]], *row[1:]) for row in rows)
            ordinals = [row[0] for row in extract.execute(f"SELECT person_ordinal FROM {name}").fetchall()]
            assert ordinals == sorted(ordinals)
    return found


def granted_columns(columns: Sequence[str], rules: Sequence[GrantRule]) -> list[str]:
    return [name for name in columns if any(rule.columns is None or name in rule.columns for rule in rules)]


def visible(
    rows: Counter[tuple[object, ...]], columns: Sequence[str], rules: Sequence[GrantRule]
) -> Counter[tuple[object, ...]]:
    """Without columns that no grant names: they are not even there."""
    held = granted_columns(columns, rules)
    kept: Counter[tuple[object, ...]] = Counter()
    for row, count in rows.items():
        kept[(row[0], *(value for name, value in zip(columns, row[1:], strict=True) if name in held))] += count
    return kept


def ledger(filled: Filled, table: str) -> dict[str, int]:
    words = {"people": "others", "merge": "merged"}
    return {
        words.get(step.step, step.step.removeprefix("opt-out ")): step.dropped
        for step in filled.steps
        if step.table == table and step.dropped
    }
