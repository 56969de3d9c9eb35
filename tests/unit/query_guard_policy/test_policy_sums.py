"""Stage 8: sums and means, what may be added, and what a sum tells of the count behind it."""

from __future__ import annotations

from typing import Any

import pytest

from governance.disclosure import PROFILES, DisclosureProfile
from governance.refusal import Refusal
from tests.support.guard_policy import PolicyLab
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


def code_of(lab: PolicyLab, sql: str) -> str:
    """The code of a refusal, or what was answered."""
    try:
        return f"answered {lab.rows(sql)}"
    except Refusal as refusal:
        return refusal.code


@pytest.mark.parametrize(("people", "shown"), [(9, None), (10, 10.0)])
def test_only_non_zero_values_contribute(lab: PolicyLab, people: int, shown: float | None) -> None:
    measured(lab, [*([1.0 + n / 1000] for n in range(people)), *([0.0] for _ in range(50))])
    assert (lab.value("select sum(value_as_number) from measurement") is None) is (shown is None)
    assert (lab.value("select avg(value_as_number) from measurement") is None) is (shown is None)


def test_a_sum_is_the_mean_times_the_rounded_count(lab: PolicyLab) -> None:
    measured(lab, [[float(100 + n)] for n in range(12)])
    assert lab.rows("select sum(value_as_number), avg(value_as_number), count(value_as_number) from measurement") == [
        (1060.0, 106.0, 10)
    ]
    lab.profile = PROFILES["sacro"]
    assert lab.rows("select sum(value_as_number), avg(value_as_number), count(value_as_number) from measurement") == [
        (1270.0, 106.0, 12)
    ]


@pytest.mark.parametrize("shift", ["+ 1000000000", "- 1000000000", "* 0 + 1", "/ 1000000 + 1", "* -0.000001 + 1"])
def test_no_sum_counts_people_exactly(shift: str) -> None:
    """The padding attack on the count: 18 to 22 people must all look like 20."""
    shown = set()
    for people in range(18, 23):
        lab = measured(PolicyLab(), [[50.0 + n] for n in range(people)])
        value, mean = lab.rows(f"select sum(value_as_number {shift}), avg(value_as_number {shift}) from measurement")[0]
        shown.add(round(value / mean))
    assert shown == {20}


def test_where_few_values_are_missing_none_is(lab: PolicyLab) -> None:
    measured(lab, [[10.0 + n % 3] for n in range(92)] + [[None]] * 8)
    count, total, mean, rows = lab.rows(
        "select count(value_as_number), sum(value_as_number), avg(value_as_number), count(*) from measurement"
    )[0]
    assert (count, rows, mean) == (100, 100, 11.0)
    assert total == 1100.0  # 92 would have been 90: 990


def test_a_two_valued_measure_is_a_count(lab: PolicyLab) -> None:
    measured(lab, [*([30.0] for _ in range(13)), *([0.0] for _ in range(20))])
    assert lab.rows(
        "select sum(value_as_number), avg(value_as_number), sum(value_as_number) / count(*) from measurement"
    ) == [(450.0, 12.9, 450 / 35)]


@pytest.mark.parametrize(("zeros", "shown"), [(0, 450.0), (1, 450.0), (9, 600.0), (10, 450.0)])
def test_few_zeros_of_a_two_valued_measure_do_not_show(lab: PolicyLab, zeros: int, shown: float) -> None:
    """Few people with 0 are taken to have it too: 22 people are 20."""
    measured(lab, [*([30.0] for _ in range(13)), *([0.0] for _ in range(zeros))])
    assert lab.value("select sum(value_as_number) from measurement") == shown


def test_sums_of_a_condition(lab: PolicyLab) -> None:
    lab.fill(
        "measurement",
        [
            {"person_id": n, "value_as_number": 10.0 + n, "measurement_concept_id": 1 if n < 20 else 2}
            for n in range(40)
        ],
    )
    inside = "measurement_concept_id = 1"
    for asked in (
        f"sum(value_as_number) filter (where {inside})",
        f"sum(case when {inside} then value_as_number end)",
        f"sum(case when {inside} then value_as_number else 0 end)",
        f"sum(case when not {inside} then 0 else value_as_number end)",
        f"sum(if({inside}, value_as_number, null))",
        "sum(case measurement_concept_id when 1 then value_as_number end)",
    ):
        assert lab.value(f"select {asked} from measurement") == 390.0, asked
    assert lab.value(f"select avg(value_as_number) filter (where {inside}) from measurement") == 19.5
    assert lab.value(f"select avg(case when {inside} then value_as_number else 0 end) from measurement") == 9.75
    lab.fill("measurement", [{"person_id": n, "value_as_number": 10.0, "measurement_concept_id": 3} for n in range(9)])
    narrow = "measurement_concept_id < 3"
    whole = lab.value("select sum(value_as_number) from measurement")
    assert lab.value(f"select sum(value_as_number) filter (where {narrow}) from measurement") == whole
    assert lab.value(f"select sum(case when {narrow} then value_as_number else 0 end) from measurement") == whole


CONDITIONED = [
    "{x} filter (where {test}) from measurement",
    "{cased} from measurement",
    "sum(x) from (select {case} as x from measurement)",
    "sum(x) from (select person_id, sum({case}) as x from measurement group by 1)",
    "sum(x) from (select person_id, sum(value_as_number) filter (where {test}) as x from measurement group by 1)",
    "sum(x) from (select sum({case}) over (partition by person_id) as x from measurement)",
    "sum(x * 1) from (select {case} as x from measurement)",
    "sum(x / days_supply) from (select {case} as x, days_supply from measurement)",
    "avg(x) from (select {case} as x from measurement)",
    "stddev(x) from (select {case} as x from measurement)",
    "median(x) from (select {case} as x from measurement)",
    "min(x) from (select {case} as x from measurement)",
]


@pytest.mark.parametrize("form", CONDITIONED)
@pytest.mark.parametrize("result", ["then value_as_number end", "then value_as_number else 0 end"])
def test_who_does_not_meet_a_condition_is_protected_wherever_it_is_written(
    lab: PolicyLab, form: str, result: str
) -> None:
    """Nine people fall out by the condition: what is left without them would tell of them, so once the whole was asked
    they make no difference."""
    rows = [{"person_id": n, "value_as_number": 50.0 + n, "days_supply": 1} for n in range(60)]
    lab.fill("measurement", rows)
    test = "value_as_number < 101"  # 51 people, nine are not
    case = f"case when {test} {result}"
    sql = f"select {form.format(x='sum(value_as_number)', test=test, case=case, cased=f'sum({case})')}"
    if code_of(lab, sql) == "measure-not-quantity":
        return  # refused: nothing is told at all
    lab.history = RuleInMemory()
    whole = sql.replace(case, "value_as_number").replace(f"filter (where {test})", "")
    assert lab.value(whole) is not None, whole
    lab.history.write()
    assert lab.value(sql) == lab.value(whole), sql


def test_bounds_of_the_catalogue_hold(lab: PolicyLab) -> None:
    measured(lab, [*([100] for _ in range(15)), [100_000], [-5]], "days_supply")  # bounds 0 to 365
    # 15 x 100 + 365 over 16 people, the one with 0 not told apart from them, published for 15
    assert lab.rows("select sum(days_supply), avg(days_supply) from measurement") == [(1750.0, 117.0)]


def test_values_that_are_no_numbers_are_missing(lab: PolicyLab) -> None:
    measured(
        lab, [*([10.0] for _ in range(20)), *([float("nan")] for _ in range(20)), *([float("inf")] for _ in range(20))]
    )
    assert lab.rows("select sum(value_as_number), avg(value_as_number) from measurement") == [(200.0, 10.0)]


def test_sums_too_large_for_a_number_are_hidden(lab: PolicyLab) -> None:
    measured(lab, [[1e308] for _ in range(40)])
    assert lab.rows("select sum(value_as_number), avg(value_as_number) from measurement") == [(None, None)]
    lab = measured(PolicyLab(), [[1e308 if n % 2 else -1e308] for n in range(40)])
    assert lab.value("select sum(value_as_number) from measurement") is None


def test_quantities_from_dates(lab: PolicyLab) -> None:
    lab.fill("visit_occurrence", [(n, n, 1, "2010-01-01", f"2010-01-{n % 5 + 2:02}") for n in range(20)])
    asked = (
        "avg(date_diff('day', visit_start_date, visit_end_date)), avg(visit_end_date - visit_start_date), "
        "avg(year(visit_start_date))"
    )
    assert lab.rows(f"select {asked}, avg(extract(year from visit_end_date) - 2000) from visit_occurrence") == [
        (3.0, 3.0, 2010.0, 10.0)
    ]


def test_quantities_of_bounded_group_columns(lab: PolicyLab) -> None:
    for year in range(20):
        lab.people(1, first=year, year_of_birth=1950 + year)
    assert lab.rows(
        "select avg(2020 - year_of_birth) as age, avg((2020 - year_of_birth) / 10), avg(-(year_of_birth - "
        "2020)) from person"
    ) == [pytest.approx((60.5, 6.05, 60.5))]


CHOSEN = [
    "case when visit_concept_id = 3 then visit_end_date else visit_start_date end",
    "if(visit_concept_id = 3, visit_end_date, visit_start_date)",
    "nullif(visit_end_date, visit_start_date)",
    "case visit_concept_id when 3 then visit_end_date else visit_start_date end",
    "coalesce(visit_end_date, date '2020-01-01')",
    "case when q.d is null then visit_start_date else q.d end",
    "least(q.d, visit_start_date)",
    "coalesce(least(q.d, visit_end_date), visit_start_date)",
]


@pytest.mark.parametrize("chosen", CHOSEN)
def test_a_date_chosen_by_a_condition_is_a_count_in_disguise(lab: PolicyLab, chosen: str) -> None:
    joined = (
        "visit_occurrence v left join (select person_id, death_date as d from death where cause_concept_id = 9) q"
        " on q.person_id = v.person_id"
    )
    days = f"date_diff('day', {chosen}, visit_start_date + 1)"
    assert lab.code(f"select avg({days}) from {joined}") == "measure-not-quantity"
    inside = f"(select {chosen} as x, visit_start_date from {joined})"
    assert lab.code(f"select avg(date_diff('day', x, visit_start_date + 1)) from {inside}") == "measure-not-quantity"


def test_time_until_an_event_or_the_end_is_settled_after_both(lab: PolicyLab) -> None:
    """Where fewer than ten have the event, or fewer than ten have none, the sum is that of all with, or without, it."""
    lab.fill("visit_occurrence", [(n, n, 1, "2010-01-01", f"2011-01-{n % 5 + 1:02}") for n in range(40)])
    joined = (
        "visit_occurrence v left join (select person_id, death_date as d from death) q on q.person_id = v.person_id"
    )
    until = "sum(date_diff('day', visit_start_date, least(coalesce(q.d, visit_end_date), visit_end_date)))"
    whole = lab.value(f"select {until} from {joined}")
    lab.fill("death", [(n, "2010-01-11", 1) for n in range(9)])
    assert lab.value(f"select {until} from {joined}") == whole
    lab.fill("death", [(n, "2010-01-11", 1) for n in range(9, 20)])
    assert lab.value(f"select {until} from {joined}") == pytest.approx(whole / 2, rel=0.05)
    assert lab.value(f"select {until} / 365.25 from {joined}") == pytest.approx(whole / 2 / 365.25, rel=0.05)
    days = "date_diff('day', visit_start_date, coalesce(q.d, visit_end_date))"
    for refused in (
        f"select median({days}) from {joined}",
        f"select stddev({days}) from {joined}",
        f"select sum({days} * {days}) from {joined}",
        f"select sum(x) from (select {days} as x from {joined})",
        f"select sum(x) from (select v.person_id, sum({days}) as x from {joined} group by 1)",
        "select sum(date_diff('day', s, x)) from (select visit_start_date as s, coalesce(q.d, visit_end_date) as x"
        f" from {joined})",
        f"select sum(x) from (select max({days}) over (partition by v.person_id) as x from {joined})",
    ):
        assert lab.code(refused) == "measure-not-quantity", refused
    lab.fill("death", [(n, "2010-01-11", 1) for n in range(20, 35)])
    assert lab.value(f"select avg({days}) from {joined}") == 10.0  # as if all had it


@pytest.mark.parametrize(
    "there",
    [
        "coalesce(visit_end_date, visit_start_date)",
        "case when visit_end_date is null then visit_start_date else visit_end_date end",
        "if(visit_end_date is not null, visit_end_date, visit_start_date)",
        "greatest(visit_end_date, visit_start_date)",
    ],
)
def test_a_date_in_place_of_a_missing_one_is_a_date(lab: PolicyLab, there: str) -> None:
    lab.fill("visit_occurrence", [(n, n, 1, "2010-01-01", f"2010-01-{n % 5 + 2:02}") for n in range(20)])
    assert lab.value(f"select avg(date_diff('day', visit_start_date, {there})) from visit_occurrence") == 3.0


NO_QUANTITY = [
    "gender_concept_id",
    "gender_source_value",
    "is_abnormal",
    "measurement_date",
    "photo",
    "weight",
    "value_as_number * weight",
    "floor(value_as_number)",
    "round(value_as_number, 0)",
    "abs(value_as_number)",
    "nullif(value_as_number, 3)",
    "value_as_number // 10",
    "value_as_number::int",
    "value_as_number::decimal(10, 2)",
    "gender_source_value::double",
    "coalesce(value_as_number, days_supply)",
    "value_as_number / 0",
    "5 / value_as_number",
    "(value_as_number + 1) * days_supply",
    "1 + 1",
    "'x'",
    "value_as_number > 3",
    "case when is_abnormal then gender_concept_id end",
    "least(value_as_number, 3)",
    "date_trunc('year', measurement_date)",
]


#: A value that is no quantity is refused as one, or before that as no value at all.
NOT_ADDED = {"measure-not-quantity", "measure-mixed", "type-mismatch", "division-not-available", "private-extreme"}


@pytest.mark.parametrize("quantity", NO_QUANTITY)
def test_only_quantities_are_added(lab: PolicyLab, quantity: str) -> None:
    """Alone it is refused; beside a number that may be given the column is there, without a value and with the reason;
    and out of a query inside the query it is no more of a quantity."""
    joined = (
        "person p join measurement m on p.person_id = m.person_id join concept c on c.concept_id = "
        "m.measurement_concept_id"
    )
    for aggregate in ("sum", "avg"):
        assert lab.code(f"select {aggregate}({quantity}) from {joined}") == "measure-not-quantity"
        answer = lab.ask(f"select {aggregate}({quantity}) as x, count(*) as n from {joined}")
        assert answer.table.to_pylist() == [{"x": None, "n": None}]
        assert answer.flags["x"].startswith("not released")
        inside = f"(select {quantity} as x from {joined})"
        assert code_of(lab, f"select {aggregate}(x) from {inside}") in NOT_ADDED


QUANTITIES = [
    "value_as_number",
    "(value_as_number)",
    "-value_as_number",
    "value_as_number * 2.5",
    "2 * value_as_number / 3",
    "value_as_number * days_supply",
    "value_as_number / days_supply",
    "coalesce(value_as_number, 0)",
    "case when value_as_number > 9 then value_as_number end",
    "case when value_as_number > 9 then value_as_number else 0 end",
    "value_as_number + days_supply",
    "value_as_number - 3",
    "(value_as_number - 3) * 2",
    "-(value_as_number - 3)",
    "cost",
    "cost::double",
    "days_supply::int",
    "days_supply::bigint + 1",
    "try_cast(value_as_number as double)",
    "measurement_date - date '2020-01-01'",
    "date_diff('week', measurement_date, '2020-01-01')",
]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_quantities_are_what_plain_sql_gives(quantity: str) -> None:
    lab = PolicyLab(DisclosureProfile("plain", 1, 1, 12, "test", dominance_k=1.0, p_ratio=0.0))
    rows = [
        {
            "person_id": n,
            "value_as_number": 3.5 + n,
            "days_supply": n + 2,
            "cost": f"{n}.25",
            "measurement_date": f"2020-02-{n % 9 + 1:02}",
        }
        for n in range(25)
    ]
    lab.fill("measurement", rows)
    theirs = lab.data.sql(
        f"select sum({quantity})::double, avg({quantity})::double, count({quantity}) from measurement"
    ).fetchall()[0]
    ours = lab.rows(f"select sum({quantity}), avg({quantity}), count({quantity}) from measurement")[0]
    assert ours == pytest.approx(theirs, rel=1e-9)
    inside = f"(select {quantity} as x from measurement)"
    assert lab.rows(f"select sum(x), avg(x), count(x) from {inside}")[0] == pytest.approx(theirs, rel=1e-9)
    by_person = f"(select person_id, sum(x) as x from (select person_id, {quantity} as x from measurement) group by 1)"
    assert lab.value(f"select sum(x) from {by_person}") == pytest.approx(theirs[0], rel=1e-9)


def test_distinct_sums_are_refused(lab: PolicyLab) -> None:
    assert lab.code("select sum(distinct value_as_number) from measurement") == "distinct-not-available"
    assert lab.code("select avg(distinct value_as_number) from measurement") == "distinct-not-available"
    assert lab.code("select count(distinct person_id, days_supply) from measurement") == "distinct-not-available"
    assert lab.code("select sum(coalesce(value_as_number, 3)) from measurement") == "measure-mixed"
    assert (
        lab.code(
            "select sum(case when is_abnormal then value_as_number when days_supply > 1 then cost end) from measurement"
        )
        == "measure-mixed"
    )
