"""Stages 9 and 10: everything above protection sees protected values only, and hidden stays hidden."""

from __future__ import annotations

import pyarrow as pa
import pytest

from query_guard.policy import Plan, finish
from query_guard.policy.plan import Statistic
from tests.support.guard_policy import PolicyLab, hidden_rows

pytestmark = pytest.mark.slow  # every combination: several seconds together


@pytest.fixture
def wards(lab: PolicyLab) -> PolicyLab:
    """Ward 1: 23 people, 3 of them men; ward 2: 40, 20 men; ward 3: 12, all men; ward 4: 3."""
    number = 0
    for ward, men, women in ((1, 3, 20), (2, 20, 20), (3, 12, 0), (4, 3, 0)):
        lab.people(men, first=number, gender_concept_id=ward, gender_source_value="M", year_of_birth=1950)
        lab.people(women, first=number + 1000, gender_concept_id=ward, gender_source_value="F", year_of_birth=1950)
        number += 100
    return lab


def statistics(plan: Plan) -> tuple[Statistic, ...]:
    """The protected columns of the first step."""
    cells = plan.steps[0].cells
    assert cells is not None
    return cells.statistics


MEN = "count(*) filter (where gender_source_value = 'M')"


def test_having_order_and_limit_see_protected_values(wards: PolicyLab) -> None:
    by_ward = "select gender_concept_id as ward, count(*) as n from person group by ward"
    assert wards.rows(f"{by_ward} order by n desc") == [(2, 40), (1, 25), (3, 10)]
    assert wards.rows(f"{by_ward} having n > 23 order by 2") == [(1, 25), (2, 40)]  # ward 1 has 23
    assert wards.rows(f"{by_ward} having count(*) = 1") == []
    assert wards.rows(f"{by_ward} having count(*) between 24 and 26") == [(1, 25)]
    assert wards.rows(f"{by_ward} order by all desc limit 1 offset 1") == [(2, 40)]
    assert wards.rows(f"{by_ward} order by count(*) desc limit 1") == [(2, 40)]
    assert wards.rows(f"{by_ward} limit 0") == []


def test_without_an_order_rows_come_by_group_key(wards: PolicyLab) -> None:
    assert [row[0] for row in wards.rows("select gender_concept_id, count(*) from person group by 1")] == [1, 2, 3]
    assert [
        row[0] for row in wards.rows("select gender_concept_id, count(*) from person group by 1 order by 1 desc")
    ] == [3, 2, 1]


def test_a_hidden_cell_is_null_and_listed(wards: PolicyLab) -> None:
    answer = wards.ask(
        f"select gender_concept_id as ward, {MEN} as men, count(*) as n from person group by ward order by ward"
    )
    assert answer.table.column("men").to_pylist() == [None, 20, 10]
    assert hidden_rows(answer, "men") == [0]
    assert hidden_rows(answer, "n") == []
    assert answer.table.schema.field("n").metadata is None
    assert set(answer.flags) == {"men"}
    assert (answer.suppressed_rows, answer.suppressed_cells) == (0, 1)  # three people of ward 4: nothing is said of it


HIDING = [
    "men",
    "men + 1",
    "men * 0",
    "coalesce(men, 0)",
    "coalesce(men * 2, n)",
    "case when men is null then 0 else men end",
    "case when n > 0 then 5 else men end",
    "men is null",
    "men > 5",
    "round(100.0 * men / n, 1)",
    "nullif(n, men + 1)",
    "greatest(men, 0)",
    "least(n, men)",
    "cast(men as varchar) || 'x'",
    "if(men > 0, 1, 2)",
    "abs(men)",
]


@pytest.mark.parametrize("expression", HIDING)
def test_whatever_reads_a_hidden_cell_is_hidden(wards: PolicyLab, expression: str) -> None:
    sql = (
        f"select gender_concept_id as ward, count(*) as n, {MEN} as men, {expression} as x from person group "
        f"by ward order by ward"
    )
    answer = wards.ask(sql)
    assert answer.table.column("x").to_pylist()[0] is None
    assert answer.table.column("x").null_count == 1
    assert hidden_rows(answer, "x") == [0]
    assert set(answer.flags) == {"men", "x"}


@pytest.mark.parametrize("expression", HIDING)
def test_whatever_reads_a_hidden_cell_further_out_is_hidden(wards: PolicyLab, expression: str) -> None:
    """The cell stays hidden through queries around the one that counts, and through CTEs and set operations."""
    counted = f"select gender_concept_id as ward, count(*) as n, {MEN} as men from person group by ward"
    for source in (
        f"({counted})",
        f"(select * from ({counted}) where n > 0)",
        f"({counted} union all select ward, n, men from ({counted}) where n < 0)",
        f"(select a.ward, b.n, b.men from ({counted}) a join ({counted}) b on a.ward = b.ward)",
        f"(select a.ward, b.n, b.men from ({counted}) a left join ({counted}) b using (ward))",
    ):
        answer = wards.ask(f"with w as {source} select ward, {expression} as x from w order by ward")
        assert answer.table.column("x").to_pylist()[0] is None, source
        assert hidden_rows(answer, "x") == [0], source
        assert set(answer.flags) == {"x"}, source


@pytest.mark.parametrize(
    "expression",
    [
        "coalesce(first_value(men) over (order by ward), 0)",
        "coalesce(last_value(men) over (order by ward desc rows between unbounded preceding and unbounded following),"
        " 0)",
        "coalesce(lag(men, 0) over (order by ward), 0)",
        "coalesce(lead(men, 0) over (order by ward), 0)",
        "lag(men, 0, 0) over (order by ward)",
    ],
)
def test_a_window_that_hands_on_a_hidden_cell_makes_no_zero_of_it(wards: PolicyLab, expression: str) -> None:
    """Ward 1's men are hidden: what is handed on from there is hidden, too, and never 0."""
    counted = f"select gender_concept_id as ward, {MEN} as men from person group by ward"
    answer = wards.ask(f"select ward, {expression} as x from ({counted}) order by ward")
    assert answer.table.column("x").to_pylist()[0] is None
    assert hidden_rows(answer, "x")[:1] == [0]


def test_windows_leave_hidden_cells_out_and_say_so(wards: PolicyLab) -> None:
    counted = f"select gender_concept_id as ward, {MEN} as men, count(*) as n from person group by ward"
    answer = wards.ask(f"select ward, sum(men) over () as m, sum(n) over () as n from ({counted}) order by ward")
    assert answer.table.to_pylist() == [{"ward": ward, "m": 30, "n": 75} for ward in (1, 2, 3)]
    assert answer.flags == {"m": "Some of these are computed without cells that are hidden."}
    answer = wards.ask(f"select sum(men) as m, sum(n) as n, max(men) as x, count(men) as c from ({counted})")
    assert answer.table.to_pylist() == [{"m": 30, "n": 75, "x": 20, "c": 2}]
    assert set(answer.flags) == {"m", "x", "c"}


def test_hidden_cells_follow_the_order_of_the_answer(wards: PolicyLab) -> None:
    answer = wards.ask(
        f"select gender_concept_id as ward, {MEN} as men from person group by ward order by men desc nulls first"
    )
    assert answer.table.column("ward").to_pylist() == [1, 2, 3]
    assert hidden_rows(answer, "men") == [0]
    answer = wards.ask(
        f"select gender_concept_id as ward, {MEN} as men from person group by ward order by coalesce(men, 999) desc"
    )
    assert answer.table.column("ward").to_pylist() == [2, 3, 1]
    assert hidden_rows(answer, "men") == [2]


def test_having_on_a_hidden_cell_drops_the_row(wards: PolicyLab) -> None:
    by_ward = f"select gender_concept_id as ward from person group by ward having {MEN}"
    assert wards.rows(f"{by_ward} > 0 order by 1") == [(2,), (3,)]
    assert wards.rows(f"{by_ward} <= 0 order by 1") == []


def test_shares_and_arithmetic(wards: PolicyLab) -> None:
    sql = (
        f"select gender_concept_id as ward, round(100.0 * {MEN} / count(*), 1) as share, count(*) / 0 from "
        f"person group by ward"
    )
    assert wards.rows(f"{sql} having ward = 2") == [(2, 50.0, None)]
    assert wards.rows("select count(*) - count(*) + 1 as x, 1 / (count(*) - count(*)) from person") == [(1, None)]
    assert hidden_rows(wards.ask("select 1 / (count(*) - count(*)) as x from person"), "x") == []  # a true null


def test_the_same_aggregate_is_one_column(wards: PolicyLab) -> None:
    plan = wards.plan(
        "select count(*), COUNT(*), count(1), sum(1) * 2, count(distinct person_id) from person having count(*) > 1"
    )
    assert [statistic.text for statistic in statistics(plan)] == ["rows", "people"]  # sum(1) is a count of rows
    assert plan.columns[0].source == "c1"
    plan = wards.plan(
        f"select {MEN}, sum(year_of_birth) filter (where gender_source_value = 'M'), {MEN} + 1 from person"
    )
    assert len(statistics(plan)) == 2


def test_group_keys_are_recognised_however_they_are_written(wards: PolicyLab) -> None:
    assert wards.rows("select p.year_of_birth + 1, P.Year_Of_Birth, count(*) from person p group by year_of_birth") == [
        (1951, 1950, 80)
    ]
    assert wards.rows("select (year_of_birth) - 1000, count(*) from person group by year_of_birth - 1000") == [
        (950, 80)
    ]
    assert wards.rows(
        "select case when year_of_birth - 1000 > 1 then 'x' end, count(*) from person group by year_of_birth - 1000"
    ) == [("x", 80)]
    assert wards.rows(
        "select date_part('year', birth_datetime), count(*) from person group by date_part('year', birth_datetime)"
    ) == [(None, 80)]
    trunc = "date_trunc('month', birth_datetime)"
    assert wards.rows(f"select date_part('year', {trunc}), count(*) from person group by {trunc}") == [(None, 80)]
    assert wards.code("select year_of_birth - 999, count(*) from person group by year_of_birth - 1000") == "not-grouped"
    assert wards.code("select count(*) from person having year_of_birth > 1") == "not-grouped"
    assert wards.code("select count(*) from person order by year_of_birth") == "not-grouped"
    assert wards.code("select hash(count(*)) from person") == "unknown-function"


def test_more_than_one_row_of_nulls(wards: PolicyLab) -> None:
    answer = wards.ask("select race_source_value, count(race_source_value) as n, count(*) as m from person group by 1")
    assert answer.table.to_pylist() == [{"race_source_value": None, "n": None, "m": 80}]
    assert hidden_rows(answer, "race_source_value") == []
    assert hidden_rows(answer, "n") == [0]


def test_select_distinct_is_a_group_by(wards: PolicyLab) -> None:
    assert wards.rows("select distinct gender_concept_id, gender_source_value from person order by all") == [
        (1, "F"),
        (2, "F"),
        (2, "M"),
        (3, "M"),
    ]
    assert wards.code("select distinct year_of_birth from person order by gender_concept_id") == "not-grouped"


def test_finish_hides_even_what_the_outer_query_let_through(wards: PolicyLab) -> None:
    plan = wards.plan("select gender_concept_id, count(*) as n from person group by 1")
    assert [(column.source, column.state) for column in plan.columns] == [("c1", ""), ("c2", "s2")]
    last = pa.table({"c1": [1, 2, 3, 4], "c2": [7, 8, 9, 10], "s2": [2, 1, 0, None]})
    answer = finish(plan, last, 0)
    assert answer.table.column("n").to_pylist() == [None, 8, 9, None]  # without a companion nothing is open
    assert hidden_rows(answer, "n") == [0, 3]
    assert answer.suppressed_cells == 2
    assert "computed without cells that are hidden" in answer.flags["n"]  # the partial one


def test_the_reason_does_not_tell_the_cause(wards: PolicyLab) -> None:
    few = wards.ask("select count(*) filter (where gender_concept_id = 4) as x from person").flags
    nobody = wards.ask("select count(*) filter (where gender_concept_id = 9) as x from person").flags
    assert few == nobody
    many = wards.ask("select count(*) filter (where gender_concept_id <> 4) as x from person")
    assert (many.flags, many.table.to_pylist()) == ({}, [{"x": 80}])  # as if nobody were left out


def test_positions_and_all(wards: PolicyLab) -> None:
    assert wards.rows("select count(*), gender_concept_id from person group by 2 order by 1") == [
        (10, 3),
        (25, 1),
        (40, 2),
    ]
    assert wards.rows("select count(*), gender_concept_id, 'x' as x from person group by all order by 1 limit 1") == [
        (10, 3, "x")
    ]
    assert wards.code("select count(*) from person group by 0") == "position-out-of-range"
    assert wards.code("select count(*) from person order by 2") == "position-out-of-range"
    assert wards.code("select gender_concept_id, count(*) from person group by 1.5") == "position-out-of-range"
    assert wards.code("select count(*) from person group by 1") == "aggregate-misplaced"


def test_public_questions_are_answered_as_they_stand(lab: PolicyLab) -> None:
    lab.fill(
        "concept",
        [(1, "Beta", "Drug", "RxNorm", 1.0), (2, "Alpha", "Drug", "RxNorm", 3.0), (3, None, "Gender", "Gender", None)],
    )
    lab.fill("concept_ancestor", [(1, 2), (1, 3)])
    assert lab.rows("select * from concept order by concept_id desc limit 1") == [(3, None, "Gender", "Gender", None)]
    assert lab.rows("select concept_name from concept where domain_id = 'Drug'") == [("Alpha",), ("Beta",)]
    assert lab.rows("select concept_name from concept limit 2 offset 1") == [("Beta",), (None,)]
    assert lab.rows("select concept_name as n from concept order by length(n), n desc nulls first") == [
        ("Beta",),
        ("Alpha",),
        (None,),
    ]
    sql = (
        "select domain_id, count(*), count(concept_name), sum(weight), avg(weight), min(concept_name), "
        "max(weight) from concept group by 1"
    )
    assert lab.rows(sql) == [("Drug", 2, 2, 4.0, 2.0, "Alpha", 3.0), ("Gender", 1, 0, None, None, None, None)]
    counts = (
        "count(distinct domain_id), count_if(weight > 1), count(*) filter (where weight > 1), count(), "
        "sum(weight) / count(*)"
    )
    assert lab.rows(f"select {counts} from concept") == [(2, 1, 1, 3, 4 / 3)]
    assert lab.rows("select upper(domain_id) as u, u || '!', count(*) n from concept group by u having n > 1") == [
        ("DRUG", "DRUG!", 2)
    ]
    assert lab.rows("select distinct domain_id from concept order by 1 desc") == [("Gender",), ("Drug",)]
    joined = "concept c join concept_ancestor a on a.descendant_concept_id = c.concept_id"
    assert lab.rows(f"select c.concept_name, a.* from {joined}") == [("Alpha", 1, 2), (None, 1, 3)]
    assert lab.rows("select count(*) from concept cross join concept_ancestor") == [(6,)]
    assert lab.rows("select c.concept_id from concept c left join concept_ancestor a on false") == [(1,), (2,), (3,)]
    assert lab.rows(
        "select c.* from concept c semi join concept_ancestor a on a.descendant_concept_id = c.concept_id limit 1"
    ) == [(2, "Alpha", "Drug", "RxNorm", 3.0)]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select domain_id, count(*) from concept", "not-grouped"),
        ("select concept_name, count(*) from concept group by domain_id", "not-grouped"),
        ("select sum(count(*)) from concept", "aggregate-misplaced"),
        ("select sum(concept_name) from concept", "type-mismatch"),
        ("select skewness(weight) from concept", "aggregate-not-available"),
        ("select count(distinct domain_id, weight) from concept", "distinct-not-available"),
        ("select count(*) filter (where count(*) > 1) from concept", "aggregate-misplaced"),
        ("select read_text('x') from concept", "unknown-function"),
        ("select distinct domain_id from concept order by weight", "distinct-not-available"),
        ("select concept_id from concept union select concept_id, 1 from concept", "set-operation-uneven"),
        ("select concept_name from concept union select concept_id from concept", "type-mismatch"),
    ],
)
def test_public_questions_that_are_refused(lab: PolicyLab, sql: str, code: str) -> None:
    assert lab.code(sql) == code


def test_wide_kinds_of_number_are_read_as_double(lab: PolicyLab) -> None:
    lab.fill("measurement", [{"person_id": n, "cost": "1.5"} for n in range(20)])
    assert lab.value("select count(*) from measurement where cost = 1.5 and cost < 1e300") == 20
    assert 'TRY_CAST(t1."cost" AS DOUBLE)' in lab.plan("select avg(cost) from measurement").steps[0].sql
