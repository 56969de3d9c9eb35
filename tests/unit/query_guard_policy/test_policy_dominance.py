"""Stage 8: one or two people never make up a number, not even behind a large constant."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from governance.disclosure import PROFILES, DisclosureProfile
from governance.refusal import Refusal
from query_guard.policy import Plan, protect
from query_guard.policy.plan import CellPlan
from tests.support.guard_policy import CATALOGUE, NHS, PolicyLab, hidden_rows
from tests.support.rule_in_memory import RuleInMemory

pytestmark = pytest.mark.slow  # every combination: over ten seconds together


def measured(
    lab: PolicyLab, values: list[list[float | None]], column: str = "value_as_number", **more: Any
) -> PolicyLab:
    """One person for each list, with one measurement for each value."""
    rows = [(person, value) for person, many in enumerate(values) for value in many]
    return lab.fill(
        "measurement",
        [
            {"measurement_id": number, "person_id": person, column: value, "measurement_concept_id": 1, **more}
            for number, (person, value) in enumerate(rows)
        ],
    )


def raw_cells(lab: PolicyLab, plan: Plan) -> tuple[CellPlan, pa.Table]:
    """What stage 8 is given of the first step."""
    cells = plan.steps[0].cells
    assert cells is not None
    return cells, lab.data.sql(plan.steps[0].sql).to_arrow_table()


def told(lab: PolicyLab, sql: str) -> list[Any]:
    """The numbers that an answer tells; none where it is refused."""
    try:
        return [value for row in lab.rows(sql) for value in row if value is not None]
    except Refusal:
        return []


def test_one_person_of_95_percent(lab: PolicyLab) -> None:
    measured(lab, [[950.0], *([5.0] for _ in range(10))])
    assert lab.rows("select sum(value_as_number), avg(value_as_number), count(*) from measurement") == [
        (None, None, 10)
    ]


@pytest.mark.parametrize(("largest", "shown"), [(80.0, True), (80.1, False)])
def test_boundary_of_the_p_rule(lab: PolicyLab, largest: float, shown: bool) -> None:
    """11 people of 1 without the second largest leave 8 + ... : total - two largest >= 0.10 of the largest."""
    measured(lab, [[largest], [1.0], *([0.8] for _ in range(10))])  # what is left: 8.0
    assert lab.value("select sum(value_as_number) from measurement") is None  # nk: 81 of 89 is over 90 %
    wide = DisclosureProfile("wide", 10, 5, 3, "test", dominance_k=1.0)
    lab.profile = wide
    assert (lab.value("select sum(value_as_number) from measurement") is not None) is shown


@pytest.mark.parametrize(("second", "shown"), [(40.0, True), (40.1, False)])
def test_boundary_of_the_nk_rule(lab: PolicyLab, second: float, shown: bool) -> None:
    measured(lab, [[50.0], [second], *([1.0] for _ in range(10))])  # 90 of 100
    assert (lab.value("select sum(value_as_number) from measurement") is not None) is shown


def test_dominance_looks_at_absolute_contributions(lab: PolicyLab) -> None:
    measured(lab, [[1000.0], [-1000.0], *([1.0] for _ in range(20))])
    assert lab.value("select sum(value_as_number) from measurement") is None


def test_dominance_adds_up_a_persons_rows(lab: PolicyLab) -> None:
    measured(lab, [[10.0] * 95, *([5.0] for _ in range(10))])
    assert lab.value("select sum(value_as_number) from measurement") is None


def test_row_counts_are_judged_by_dominance(lab: PolicyLab) -> None:
    measured(lab, [[1.0] * 500, *([1.0] for _ in range(20))])
    assert lab.rows("select count(*), count(distinct person_id), count(value_as_number), sum(1) from measurement") == [
        (None, 20, None, None)
    ]


def test_distinct_values_are_judged_by_dominance(lab: PolicyLab) -> None:
    lab.fill("measurement", [{"person_id": 0, "measurement_id": n, "measurement_concept_id": n} for n in range(500)])
    lab.fill(
        "measurement", [{"person_id": n, "measurement_id": 1000 + n, "measurement_concept_id": 1} for n in range(20)]
    )
    assert lab.rows(
        "select count(distinct measurement_concept_id), count(distinct measurement_id) from measurement"
    ) == [(None, None)]
    assert (
        lab.value("select count(distinct measurement_concept_id) from measurement where measurement_concept_id < 20")
        is not None
    )


def test_distinct_values_need_people(lab: PolicyLab) -> None:
    lab.fill("measurement", [{"person_id": n, "measurement_concept_id": n} for n in range(9)])
    lab.fill("measurement", [{"person_id": n} for n in range(9, 40)])
    sql = "select count(distinct measurement_concept_id) from measurement"
    assert lab.value(sql) is None
    lab.fill("measurement", [{"person_id": 9, "measurement_concept_id": 7}])
    assert lab.value(sql) == 10  # nine values
    lab.fill("measurement", [{"person_id": n, "measurement_concept_id": 100 + n} for n in range(3)])
    assert lab.value(f"{sql} where measurement_concept_id > 0") == 10
    assert lab.rows(
        "select is_abnormal, count(distinct measurement_concept_id), count(*) from measurement group by 1"
    ) == [(None, 10, 40)]


DILUTED = [
    "value_as_number + 1000",
    "1000 - value_as_number",
    "(value_as_number + 500) * 2",
    "value_as_number / 10 + 77",
    "(value_as_number + 1000) / days_supply",
    "(value_as_number + 1000) * days_supply",
    "days_supply / (value_as_number + 1000)",
]


@pytest.mark.parametrize("diluted", DILUTED)
def test_a_large_constant_does_not_dilute_dominance(lab: PolicyLab, diluted: str) -> None:
    measured(lab, [[1000.0], *([1.0] for _ in range(20))], days_supply=1)
    assert lab.value("select sum(value_as_number) from measurement") is None
    inside = f"(select {diluted} as x, person_id from measurement)"
    for sql in (
        f"select sum({diluted}), avg({diluted}) from measurement",
        f"select sum(x), avg(x) from {inside}",
        f"select sum(x + 0), avg(x * 2) from {inside}",
        f"select sum(x / days_supply) from (select {diluted} as x, days_supply from measurement)",
        f"select avg(y) from (select person_id, avg(x) as y from {inside} group by 1)",
        f"select sum(y) from (select sum(x) over (partition by person_id) as y from {inside})",
        f"select sum(y) from (select max(x) over (partition by person_id) as y from {inside})",
    ):
        assert not told(lab, sql), sql


def test_another_column_does_not_dilute_dominance(lab: PolicyLab) -> None:
    rows = [{"person_id": n, "value_as_number": 1000.0 if n == 0 else 1.0, "days_supply": 300 + n} for n in range(20)]
    lab.fill("measurement", rows)
    assert lab.rows("select sum(value_as_number + days_supply), sum(days_supply) from measurement") == [(None, 6190.0)]


def test_a_large_constant_does_not_hide_few_people(lab: PolicyLab) -> None:
    measured(lab, [*([5.0 + n] for n in range(9)), *([0.0] for _ in range(30))])
    assert lab.value("select sum(value_as_number + 1000) from measurement") is None


def test_a_flag_is_not_counted_through_a_constant(lab: PolicyLab) -> None:
    measured(lab, [*([1.0] for _ in range(13)), *([0.0] for _ in range(30))])
    assert lab.value("select sum(value_as_number) from measurement") == 15
    assert lab.value("select sum(1000 * value_as_number + 1) from measurement") == 1000 * 15 + 45
    assert lab.value("select sum(value_as_number + 1) filter (where value_as_number > 0) from measurement") == 30


def test_the_raw_columns_go_no_further(lab: PolicyLab) -> None:
    lab.people(30, year_of_birth=1950, gender_concept_id=1)
    plan = lab.plan("select gender_concept_id, count(*), avg(year_of_birth), max(year_of_birth) from person group by 1")
    cells, raw = raw_cells(lab, plan)
    protected = protect(cells, raw, NHS, RuleInMemory())
    assert protected.table.column_names == ["k1", "a1", "s_a1", "a2", "s_a2", "a3", "s_a3"]
    assert {"contributors", "n_total", "n_top", "n_p0", "n_r3", "m1_top", "h1_ends"} <= set(raw.column_names)


def test_the_level_is_all_that_grouping_sets_add(lab: PolicyLab) -> None:
    lab.people(30, year_of_birth=1950, gender_concept_id=1)
    cells, raw = raw_cells(lab, lab.plan("select gender_concept_id, count(*) from person group by rollup (1)"))
    protected = protect(cells, raw, NHS, RuleInMemory())
    assert protected.table.column_names == ["k1", "level", "a1", "s_a1"]
    assert sorted(protected.table.column("level").to_pylist()) == [0, 1]


def test_companions_are_open_or_hidden(lab: PolicyLab) -> None:
    lab.people(30, gender_concept_id=1).people(3, first=100, gender_concept_id=2)
    asked = "select count(*), count(*) filter (where gender_concept_id = 2), any_value(gender_concept_id) from person"
    plan = lab.plan(asked)
    cells, raw = raw_cells(lab, plan)
    protected = protect(cells, raw, NHS, RuleInMemory())
    assert protected.table.to_pylist() == [{"a1": 35, "s_a1": 0, "a2": None, "s_a2": 2}]
    answer = lab.ask(asked)
    assert [column.to_pylist() for column in answer.table.columns] == [[35], [None], [None]]
    assert [hidden_rows(answer, name) for name in answer.table.column_names] == [[], [0], [0]]


def test_a_plan_for_another_threshold_is_a_fault(lab: PolicyLab) -> None:
    plan = lab.plan("select count(*) from person")
    cells, raw = raw_cells(lab, plan)
    with pytest.raises(ValueError, match="another disclosure profile"):
        protect(cells, raw, PROFILES["hes"], RuleInMemory())


def test_a_raw_table_of_another_shape_is_a_fault(lab: PolicyLab) -> None:
    plan = lab.plan("select count(*) from person")
    with pytest.raises(KeyError):
        protect(raw_cells(lab, plan)[0], pa.table({"contributors": [100]}), NHS, RuleInMemory())


def test_a_query_without_aggregates_over_values(lab: PolicyLab) -> None:
    lab.people(12)
    assert lab.rows("select 1 as one, 'x' as x from person having true") == [(1, "x")]
    assert lab.rows("select 1 as one from person having count(*) > 10") == []
    assert CATALOGUE.tables["person"].one_row_per_person
