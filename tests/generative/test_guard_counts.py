"""Random grouped counts: what the guard shows is what DuckDB counts, rounded, and exactly where it may be shown."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.disclosure import PROFILES
from query_guard.policy import plan_query, protect
from tests.support.guard_lab import GuardLab
from tests.support.rule_in_memory import Forgetting

pytestmark = pytest.mark.slow

KEYS = {
    "person": ("gender_concept_id", "race_concept_id", "year_of_birth", "floor(year_of_birth / 10) * 10"),
    "condition_occurrence": ("condition_concept_id", "year(condition_start_date)"),
    "drug_exposure": ("drug_concept_id", "date_trunc('year', drug_exposure_start_date)"),
    "measurement": ("measurement_concept_id",),
}
FILTERS = {
    "person": "year_of_birth {sign} {year}",
    "condition_occurrence": "year(condition_start_date) {sign} {year}",
    "drug_exposure": "drug_exposure_start_date {sign} DATE '{year}-06-30'",
    "measurement": "year(measurement_date) {sign} {year}",
}


@st.composite
def questions(draw: st.DrawFn) -> str:
    table = draw(st.sampled_from(sorted(KEYS)))
    keys = draw(st.lists(st.sampled_from(KEYS[table]), min_size=1, max_size=2, unique=True))
    sign, year = draw(st.sampled_from(["<", "<=", "=", "<>", ">=", ">"])), draw(st.integers(1900, 2020))
    names = ", ".join(f"{key} AS k{place}" for place, key in enumerate(keys))
    condition = FILTERS[table].format(sign=sign, year=year)
    return f"SELECT {names}, count(DISTINCT person_id) AS n FROM {table} WHERE {condition} GROUP BY {', '.join(keys)}"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(sql=questions())
def test_cells_are_the_true_counts_rounded(guard_lab: GuardLab, sql: str) -> None:
    """By the rules alone, each answer by itself: no value is that of an earlier answer."""
    data = guard_lab.data()
    with duckdb.connect(str(data.database), read_only=True) as plain:
        truth = {row[:-1]: row[-1] for row in plain.sql(sql).fetchall()}
        first, last = plan_query(sql, data.catalogue, PROFILES["nhs-sde"]).steps
        assert first.cells is not None
        raw = plain.sql(first.sql).to_arrow_table()
    protected = protect(first.cells, raw, PROFILES["nhs-sde"], Forgetting()).table
    with duckdb.connect() as free:
        free.register(first.name, protected)
        rows = free.sql(last.sql).to_arrow_table().select([f"c{n}" for n in range(1, len(first.cells.keys) + 2)])
    shown = {tuple(row.values())[:-1]: row[f"c{len(row)}"] for row in rows.to_pylist()}
    assert {tuple(map(str, key)): n for key, n in shown.items()} == {
        tuple(map(str, key)): 5 * ((n + 2) // 5) for key, n in truth.items() if n >= 10
    }


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(sql=questions())
def test_what_the_guard_shows_rests_on_enough_people(guard_lab: GuardLab, sql: str) -> None:
    """The whole guard, with its history: every row and number rests on ten people, and numbers are rounded."""
    result = guard_lab.ask(sql)
    assert result.table is not None, result.message
    with duckdb.connect(str(guard_lab.data().database), read_only=True) as plain:
        truth = {tuple(map(str, row[:-1])): row[-1] for row in plain.sql(sql).fetchall()}
    for row in result.table.to_pylist():
        *key, shown = row.values()
        assert truth[tuple(map(str, key))] >= 10
        assert shown is None or (shown >= 10 and shown % 5 == 0)
