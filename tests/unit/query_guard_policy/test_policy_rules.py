"""Stage 8: each disclosure rule at its boundary, over real DuckDB results."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from governance.disclosure import PROFILES, DisclosureProfile
from query_guard.policy import protect
from query_guard.policy.rules import RULES
from tests.support.guard_policy import CATALOGUE, NHS, PolicyLab, hidden_rows


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


def test_rules_are_in_one_tuple_in_order() -> None:
    assert [rule.__name__ for rule in RULES] == [
        "few_contributors",
        "small_complement",
        "small_branch",
        "dominated_cell",
        "thin_summand",
        "disguised_count",
        "repeated_rows",
    ]


# --- threshold -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "people", "shown"),
    [
        ("nhs-sde", 9, None),
        ("nhs-sde", 10, 10),
        ("opensafely", 7, None),
        ("opensafely", 8, 10),
        ("hes", 7, None),
        ("hes", 8, 10),
        ("sacro", 9, None),
        ("sacro", 10, 10),
        ("sacro", 13, 13),
        ("nhs-sde", 0, None),
        ("nhs-sde", 12, 10),
        ("nhs-sde", 13, 15),
        ("nhs-sde", 17, 15),
        ("nhs-sde", 18, 20),
        ("hes", 12, 10),
    ],
)
def test_boundary_of_the_threshold_and_rounding(profile: str, people: int, shown: int | None) -> None:
    lab = PolicyLab(PROFILES[profile]).people(people, year_of_birth=1950)
    answer = lab.ask("select count(*), count(distinct person_id), count_if(year_of_birth = 1950), sum(1) from person")
    assert answer.table.to_pylist() == [dict(zip(answer.table.column_names, [shown] * 4, strict=True))]
    assert answer.suppressed_cells == (4 if shown is None else 0)
    assert lab.rows("select year_of_birth, count(*) from person group by 1") == (
        [] if shown is None else [(1950, shown)]
    )
    assert lab.rows("select distinct year_of_birth from person") == ([] if shown is None else [(1950,)])


def test_rows_are_not_people(lab: PolicyLab) -> None:
    """50 events of one patient."""
    measured(lab, [[1.0] * 50])
    assert lab.rows(
        "select count(*), count(distinct person_id), sum(value_as_number), avg(value_as_number) from measurement"
    ) == [(None, None, None, None)]


def test_an_empty_group_and_a_hidden_one_look_alike(lab: PolicyLab) -> None:
    lab.people(3, year_of_birth=1950)
    nobody, three = (lab.ask(f"select count(*) from person where year_of_birth = {year}") for year in (1900, 1950))
    assert nobody.table.equals(three.table, check_metadata=True)
    assert (nobody.flags, nobody.suppressed_cells, nobody.suppressed_rows) == (three.flags, three.suppressed_cells, 0)
    grouped = "select gender_concept_id, count(*) from person where year_of_birth = {} group by 1"
    assert lab.ask(grouped.format(1900)).suppressed_rows == lab.ask(grouped.format(1950)).suppressed_rows == 0


def test_a_missing_key_is_a_group_of_its_own(lab: PolicyLab) -> None:
    lab.people(12, gender_source_value=None).people(14, first=20, gender_source_value="M")
    lab.people(3, first=50, gender_source_value="F")
    sql = "select gender_source_value, count(*), count(distinct gender_source_value) from person group by 1"
    assert lab.rows(sql) == [("M", 15, 0), (None, 10, None)]  # one different value is rounded like any count


# --- hidden groups -------------------------------------------------------------------------------------------------


def test_hidden_groups_are_counted_when_enough_people_stand_behind_them(lab: PolicyLab) -> None:
    for group in range(4):
        lab.people(3, first=group * 3, year_of_birth=1950 + group)
    assert lab.ask("select year_of_birth, count(*) from person group by 1").suppressed_rows == 4
    lab.people(20, first=100, year_of_birth=2000)
    answer = lab.ask("select year_of_birth, count(*) from person group by 1")
    assert (answer.suppressed_rows, answer.table.num_rows) == (4, 1)


def test_the_number_of_hidden_groups_is_not_about_nine_people(lab: PolicyLab) -> None:
    """One person's diagnoses must not be counted by their hidden groups."""
    rows = [{"person_id": person, "measurement_concept_id": concept} for person in range(9) for concept in range(17)]
    lab.fill("measurement", rows)
    assert lab.ask("select measurement_concept_id, count(*) from measurement group by 1").suppressed_rows == 0


def test_people_on_one_bit_of_the_sketch_count_once(lab: PolicyLab) -> None:
    lab.fill("person", [{"person_id": 64 * n + n % 9, "year_of_birth": 1950 + n} for n in range(30)])
    assert lab.ask("select year_of_birth, count(*) from person group by 1").suppressed_rows == 0
    lab.fill("person", [{"person_id": -1, "year_of_birth": 1900}])
    assert lab.ask("select year_of_birth, count(*) from person group by 1").suppressed_rows == 31


# --- condition and complement --------------------------------------------------------------------------------------

CONDITIONS = [
    "count(*) filter (where gender_concept_id = 1)",
    "count_if(gender_concept_id = 1)",
    "count(case when gender_concept_id = 1 then 1 end)",
    "count(distinct person_id) filter (where gender_concept_id = 1)",
    "count(distinct case when gender_concept_id = 1 then person_id end)",
    "sum(case when gender_concept_id = 1 then 1 else 0 end)",
    "sum(case gender_concept_id when 1 then 1 else 0 end)",
    "sum(if(gender_concept_id = 1, 1, 0))",
    "sum((gender_concept_id = 1)::int)",
    "sum(1) filter (where gender_concept_id = 1)",
]


@pytest.mark.parametrize("counted", CONDITIONS)
@pytest.mark.parametrize(
    ("inside", "outside", "shown"),
    [(9, 50, None), (10, 50, 10), (50, 9, None), (50, 10, 50), (50, 0, 50), (0, 50, None), (13, 1, None)],
)
def test_a_condition_and_its_complement(
    lab: PolicyLab, counted: str, inside: int, outside: int, shown: int | None
) -> None:
    lab.people(inside, gender_concept_id=1).people(outside, first=500, gender_concept_id=2)
    assert lab.value(f"select {counted} from person") == shown


@pytest.mark.parametrize(
    ("inside", "outside", "shown"), [(9, 50, None), (50, 9, None), (50, 0, 1.0), (20, 20, 0.5), (13, 20, 0.429)]
)
def test_a_mean_of_zero_and_one_is_a_count(lab: PolicyLab, inside: int, outside: int, shown: float | None) -> None:
    lab.people(inside, gender_concept_id=1).people(outside, first=500, gender_concept_id=2)
    assert lab.value("select avg(case when gender_concept_id = 1 then 1 else 0 end) from person") == shown
    assert lab.value("select avg((gender_concept_id = 1)::int) from person") == shown


@pytest.mark.parametrize(
    ("present", "missing", "shown"), [(9, 50, None), (10, 50, 10), (50, 9, None), (50, 10, 50), (50, 0, 50)]
)
def test_counting_a_column_counts_its_missing_values_too(
    lab: PolicyLab, present: int, missing: int, shown: int | None
) -> None:
    lab.people(present, gender_concept_id=1).people(missing, first=500)
    assert lab.value("select count(gender_concept_id) from person") == shown


def test_rows_outside_a_condition_rest_on_people_too(lab: PolicyLab) -> None:
    """Everybody has rows inside; nine also have rows outside: the difference would be about those nine."""
    rows = [{"person_id": n, "measurement_concept_id": 1} for n in range(30)]
    lab.fill("measurement", rows + [{"person_id": n, "measurement_concept_id": 2} for n in range(9)])
    sql = "select count(*) filter (where measurement_concept_id = 1), count(distinct person_id) filter (where measurement_concept_id = 1) from measurement"
    assert lab.rows(sql) == [(None, 30)]
    lab.fill("measurement", [{"person_id": 9, "measurement_concept_id": 2}])
    assert lab.rows(sql) == [(30, 30)]


def test_every_outcome_of_a_case_is_judged(lab: PolicyLab) -> None:
    three = "case when gender_concept_id = 1 then 5 when gender_concept_id = 2 then {} else 3 end"
    lab.people(20, gender_concept_id=1).people(9, first=100, gender_concept_id=2).people(
        20, first=200, gender_concept_id=3
    )
    assert lab.value(f"select sum({three.format(7)}) from person") is None
    assert lab.value(f"select sum({three.format(0)}) from person") is None
    assert lab.value(f"select sum({three.format('null')}) from person") is None
    lab.people(1, first=300, gender_concept_id=2)
    assert lab.value(f"select sum({three.format(7)}) from person") == 5 * 20 + 7 * 10 + 3 * 20
    assert lab.value(f"select sum({three.format(-7)}) from person") == 5 * 20 - 7 * 10 + 3 * 20
    assert lab.value(f"select avg({three.format('null')}) from person") == 4
    assert lab.value(f"select sum({three.format(2.5)}) from person") == 185.0


def test_fixed_numbers_are_sums_of_rounded_counts(lab: PolicyLab) -> None:
    lab.people(13)
    assert lab.rows("select sum(2), avg(2), sum(-1), sum(0), avg(1.5), sum(2.5) from person") == [
        (30, 2, -15, 0, 1.5, 37.5)
    ]
    assert lab.rows("select sum(null), avg(null) from person") == [(0, None)]
    assert lab.value("select sum(9223372036854775807) from person") is None


def test_filters_join_the_other_conditions(lab: PolicyLab) -> None:
    rows = [
        {"person_id": n, "days_supply": n % 4 or None, "measurement_concept_id": n % 2, "measurement_id": n}
        for n in range(100)
    ]
    lab.fill("measurement", rows)
    kept = "filter (where measurement_concept_id = 1)"
    asked = [
        f"count(days_supply) {kept}",
        f"count_if(days_supply = 1) {kept}",
        f"count(distinct measurement_id) {kept}",
        f"count(distinct case when days_supply = 1 then measurement_id end) {kept}",
        f"count(distinct case when days_supply = 1 then measurement_id else measurement_concept_id end) {kept}".replace(
            "measurement_id else", "1 else"
        ),
        f"count(distinct person_id) {kept}",
        f"count(distinct if(days_supply = 3, person_id, null)) {kept}",
    ]
    assert lab.rows(f"select {', '.join(asked)} from measurement") == [(50, 25, 50, 25, 0, 50, 25)]
    assert lab.code("select sum(cast(days_supply > 1 as double)) from measurement") == "cast-not-available"
    assert lab.code("select sum(cast(days_supply > 1 as varchar)) from measurement") == "cast-not-available"


# --- dominance -----------------------------------------------------------------------------------------------------


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
    ) == [(None, 10, 45)]


# --- sums and means ------------------------------------------------------------------------------------------------


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


def test_the_count_behind_a_sum_is_of_all_rows_where_few_values_are_missing(lab: PolicyLab) -> None:
    measured(lab, [[10.0 + n % 3] for n in range(92)] + [[None]] * 8)
    count, total, mean, rows = lab.rows(
        "select count(value_as_number), sum(value_as_number), avg(value_as_number), count(*) from measurement"
    )[0]
    assert (count, rows, mean) == (None, 100, 11.0)
    assert total == 1100.0  # 92 would have been 90: 990
    measured(lab, [[None]] * 12)
    assert lab.value("select sum(value_as_number) from measurement") == 989.0  # twenty people now: 90 x 10.99


def test_a_two_valued_measure_is_a_count(lab: PolicyLab) -> None:
    measured(lab, [*([30.0] for _ in range(13)), *([0.0] for _ in range(20))])
    assert lab.rows(
        "select sum(value_as_number), avg(value_as_number), sum(value_as_number) / count(*) from measurement"
    ) == [(450.0, 12.9, 450 / 35)]


@pytest.mark.parametrize(("zeros", "shown"), [(0, 390.0), (9, None), (10, 450.0)])
def test_the_zeros_of_a_two_valued_measure_are_a_complement(lab: PolicyLab, zeros: int, shown: float | None) -> None:
    measured(lab, [*([30.0] for _ in range(13)), *([0.0] for _ in range(zeros))])
    expected = 450.0 if shown == 390.0 else shown
    assert lab.value("select sum(value_as_number) from measurement") == expected


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
        f"sum(case measurement_concept_id when 1 then value_as_number end)",
    ):
        assert lab.value(f"select {asked} from measurement") == 390.0, asked
    assert lab.value(f"select avg(value_as_number) filter (where {inside}) from measurement") == 19.5
    assert lab.value(f"select avg(case when {inside} then value_as_number else 0 end) from measurement") == 9.75
    lab.fill("measurement", [{"person_id": n, "value_as_number": 10.0, "measurement_concept_id": 3} for n in range(9)])
    narrow = "measurement_concept_id < 3"
    assert lab.value(f"select sum(value_as_number) filter (where {narrow}) from measurement") is None
    assert lab.value(f"select sum(case when {narrow} then value_as_number else 0 end) from measurement") is None


def test_bounds_of_the_catalogue_hold(lab: PolicyLab) -> None:
    measured(lab, [*([100] for _ in range(15)), [100_000], [-5]], "days_supply")  # bounds 0 to 365
    # 15 x 100 + 365 + 0 over 17 people, published for 15
    assert lab.rows("select sum(days_supply), avg(days_supply) from measurement") == [(1650.0, 110.0)]


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
    asked = "avg(date_diff('day', visit_start_date, visit_end_date)), avg(visit_end_date - visit_start_date), avg(year(visit_start_date))"
    assert lab.rows(f"select {asked}, avg(extract(year from visit_end_date) - 2000) from visit_occurrence") == [
        (3.0, 3.0, 2010.0, 10.0)
    ]


def test_quantities_of_bounded_group_columns(lab: PolicyLab) -> None:
    for year in range(20):
        lab.people(1, first=year, year_of_birth=1950 + year)
    assert lab.rows(
        "select avg(2020 - year_of_birth) as age, avg((2020 - year_of_birth) / 10), avg(-(year_of_birth - 2020)) from person"
    ) == [(60.5, 6.05, 60.5)]


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
    "coalesce(value_as_number, 3)",
    "nullif(value_as_number, 3)",
    "value_as_number // 10",
    "value_as_number::int",
    "value_as_number::decimal(10, 2)",
    "gender_source_value::double",
    "value_as_number / days_supply",
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


@pytest.mark.parametrize("quantity", NO_QUANTITY)
def test_only_quantities_are_added(lab: PolicyLab, quantity: str) -> None:
    joined = "person p join measurement m on p.person_id = m.person_id join concept c on c.concept_id = m.measurement_concept_id"
    for aggregate in ("sum", "avg"):
        assert lab.code(f"select {aggregate}({quantity}) from {joined}") == "measure-not-quantity"


QUANTITIES = [
    "value_as_number",
    "(value_as_number)",
    "-value_as_number",
    "value_as_number * 2.5",
    "2 * value_as_number / 3",
    "value_as_number * days_supply",
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
    ours = lab.rows(f"select sum({quantity}), avg({quantity}), count({quantity}) from measurement")[0]
    theirs = lab.data.sql(
        f"select sum({quantity})::double, avg({quantity})::double, count({quantity}) from measurement"
    ).fetchall()[0]
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_distinct_sums_are_refused(lab: PolicyLab) -> None:
    assert lab.code("select sum(distinct value_as_number) from measurement") == "distinct-not-available"
    assert lab.code("select avg(distinct value_as_number) from measurement") == "distinct-not-available"
    assert lab.code("select count(distinct person_id, days_supply) from measurement") == "distinct-not-available"
    assert (
        lab.code(
            "select sum(case when is_abnormal then value_as_number when days_supply > 1 then cost end) from measurement"
        )
        == "measure-mixed"
    )


# --- summands ------------------------------------------------------------------------------------------------------


def test_a_large_constant_does_not_dilute_dominance(lab: PolicyLab) -> None:
    measured(lab, [[1000.0], *([1.0] for _ in range(20))])
    assert lab.value("select sum(value_as_number) from measurement") is None
    for diluted in (
        "value_as_number + 1000",
        "1000 - value_as_number",
        "(value_as_number + 500) * 2",
        "value_as_number / 10 + 77",
    ):
        assert lab.rows(f"select sum({diluted}), avg({diluted}) from measurement") == [(None, None)], diluted


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
    assert lab.value("select sum(1000 * value_as_number + 1) from measurement") is None
    assert lab.value("select sum(value_as_number + 1) filter (where value_as_number > 0) from measurement") == 30


# --- the machinery -------------------------------------------------------------------------------------------------


def test_the_raw_columns_go_no_further(lab: PolicyLab) -> None:
    lab.people(30, year_of_birth=1950, gender_concept_id=1)
    plan = lab.plan("select gender_concept_id, count(*), avg(year_of_birth) from person group by 1")
    raw = lab.data.sql(plan.inner.sql).to_arrow_table()
    protected = protect(plan, raw, NHS)
    assert protected.table.column_names == ["k1", "a1", "s_a1", "a2", "s_a2"]
    assert "contributors" in raw.column_names


def test_a_plan_for_another_threshold_is_a_fault(lab: PolicyLab) -> None:
    plan = lab.plan("select count(*) from person")
    with pytest.raises(ValueError, match="another disclosure profile"):
        protect(plan, lab.data.sql(plan.inner.sql).to_arrow_table(), PROFILES["hes"])


def test_a_raw_table_of_another_shape_is_a_fault(lab: PolicyLab) -> None:
    plan = lab.plan("select count(*) from person")
    with pytest.raises(KeyError):
        protect(plan, pa.table({"contributors": [100]}), NHS)


def test_a_query_without_aggregates_over_values(lab: PolicyLab) -> None:
    lab.people(12)
    assert lab.rows("select 1 as one, 'x' as x from person having true") == [(1, "x")]
    assert lab.rows("select 1 as one from person having count(*) > 10") == []
    assert CATALOGUE.tables["person"].one_row_per_person
