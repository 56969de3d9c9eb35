"""Stage 8: thresholds, conditions and complements at their boundaries, over real DuckDB results."""

from __future__ import annotations

from typing import Any

import pytest

from governance.disclosure import PROFILES
from governance.refusal import Refusal
from query_guard.policy.rules import RULES
from tests.support.guard_policy import PolicyLab

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


def test_rules_are_in_one_tuple_in_order() -> None:
    assert [rule.__name__ for rule in RULES] == [
        "few_contributors",
        "dominated_cell",
        "thin_summand",
        "repeated_rows",
        "thin_tail",
        "few_degrees",
        "crowded_share",
        "counted_spread",
        "copied_rows",
        "made_agreement",
    ]


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


def test_hidden_groups_are_counted_when_enough_people_stand_behind_them(lab: PolicyLab) -> None:
    for group in range(4):
        lab.people(3, first=group * 3, year_of_birth=1950 + group)
    assert lab.ask("select year_of_birth, count(*) from person group by 1").suppressed_rows == 5  # rounded
    lab.people(20, first=100, year_of_birth=2000)
    answer = lab.ask("select year_of_birth, count(*) from person group by 1")
    assert (answer.suppressed_rows, answer.table.num_rows) == (5, 1)


def test_the_number_of_hidden_groups_is_not_about_nine_people(lab: PolicyLab) -> None:
    """One person's diagnoses must not be counted by their hidden groups."""
    rows = [{"person_id": person, "measurement_concept_id": concept} for person in range(9) for concept in range(17)]
    lab.fill("measurement", rows)
    assert lab.ask("select measurement_concept_id, count(*) from measurement group by 1").suppressed_rows == 0


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


#: People inside and outside a condition, and what is said of those inside: as if all were, where few are outside.
BOUNDARIES = [(9, 50, None), (10, 50, 10), (50, 9, 60), (50, 10, 50), (50, 0, 50), (0, 50, None), (13, 1, 15)]


@pytest.mark.parametrize("counted", CONDITIONS)
@pytest.mark.parametrize(("inside", "outside", "shown"), BOUNDARIES)
def test_a_condition_and_its_complement(
    lab: PolicyLab, counted: str, inside: int, outside: int, shown: int | None
) -> None:
    lab.people(inside, gender_concept_id=1).people(outside, first=500, gender_concept_id=2)
    assert lab.value(f"select {counted} from person") == shown


INSIDE = [
    "sum(f) from (select case when gender_concept_id = 1 then 1 else 0 end as f from person)",
    "sum(f) from (select case when gender_concept_id = 1 then 1 end as f from person)",
    "count(f) from (select case when gender_concept_id = 1 then 1 end as f from person)",
    "count_if(f = 1) from (select case when gender_concept_id = 1 then 1 else 0 end as f from person)",
    "count(*) filter (where f) from (select gender_concept_id = 1 as f from person)",
    "sum(f::int) from (select gender_concept_id = 1 as f from person)",
    "count(distinct person_id) filter (where f) from (select person_id, gender_concept_id = 1 as f from person)",
    "sum(n) from (select person_id, count(*) filter (where gender_concept_id = 1) as n from person group by 1)",
    "sum(n) from (select person_id, count_if(gender_concept_id = 1) as n from person group by 1)",
    "sum(n) from (select person_id, sum(if(gender_concept_id = 1, 1, 0)) as n from person group by 1)",
    "sum(n) from (select person_id, sum(case when gender_concept_id = 1 then 1 end) as n from person group by 1)",
    "sum(n) from (select person_id, max(if(gender_concept_id = 1, 1, 0)) as n from person group by 1)",
    "sum(n) from (select person_id, max(case when gender_concept_id = 1 then 1 end) as n from person group by 1)",
    "count(n) from (select person_id, max(case when gender_concept_id = 1 then 1 end) as n from person group by 1)",
    "count_if(b) from (select person_id, bool_or(gender_concept_id = 1) as b from person group by 1)",
    "count(distinct case when n > 0 then person_id end) from (select person_id, count(*) filter (where"
    " gender_concept_id = 1) as n from person group by 1)",
    "count(q.person_id) from person p left join (select person_id from person where gender_concept_id = 1) q"
    " on q.person_id = p.person_id",
    "count(distinct q.person_id) from person p left join (select person_id from person where gender_concept_id = 1) q"
    " using (person_id)",
    "count(*) filter (where exists (select 1 from person q where q.person_id = p.person_id and q.gender_concept_id"
    " = 1)) from person p",
    "count(*) filter (where person_id in (select person_id from person where gender_concept_id = 1)) from person",
    "sum((select count(*) from person q where q.person_id = p.person_id and q.gender_concept_id = 1)) from person p",
    "sum(w) from (select sum(case when gender_concept_id = 1 then 1 else 0 end) over (partition by person_id) as w"
    " from person)",
    "sum(w) from (select count(*) filter (where gender_concept_id = 1) over (partition by person_id) as w from person)",
]


@pytest.mark.parametrize("counted", INSIDE)
@pytest.mark.parametrize(("inside", "outside", "shown"), BOUNDARIES[:5])
def test_a_condition_inside_the_query_and_its_complement(
    lab: PolicyLab, counted: str, inside: int, outside: int, shown: int | None
) -> None:
    """A condition written into a query inside the query counts people just like one in the aggregate; what cannot be
    judged is refused."""
    lab.people(inside, gender_concept_id=1).people(outside, first=500, gender_concept_id=2)
    try:
        assert lab.value(f"select {counted}") == shown
    except Refusal as refusal:
        assert refusal.code == "measure-not-quantity"


@pytest.mark.parametrize(
    ("inside", "outside", "shown"), [(9, 50, None), (50, 9, 1.0), (50, 0, 1.0), (20, 20, 0.5), (13, 20, 0.429)]
)
def test_a_mean_of_zero_and_one_is_a_count(lab: PolicyLab, inside: int, outside: int, shown: float | None) -> None:
    lab.people(inside, gender_concept_id=1).people(outside, first=500, gender_concept_id=2)
    flag = "case when gender_concept_id = 1 then 1 else 0 end"
    expected = pytest.approx(shown, rel=2e-3) if shown is not None else None
    assert lab.value(f"select avg({flag}) from person") == expected
    assert lab.value("select avg((gender_concept_id = 1)::int) from person") == expected
    assert lab.value("select avg(if(gender_concept_id = 1, 1, 0)) from person") == expected
    assert lab.value(f"select avg(f) from (select {flag} as f from person)") == expected
    assert lab.value(f"select sum({flag}) / count(*) from person") == expected


@pytest.mark.parametrize(
    ("present", "missing", "shown"), [(9, 50, None), (10, 50, 10), (50, 9, 60), (50, 10, 50), (50, 0, 50)]
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
    sql = (
        "select count(*) filter (where measurement_concept_id = 1), count(distinct person_id) filter (where "
        "measurement_concept_id = 1) from measurement"
    )
    assert lab.rows(sql) == [(30, 30)]
    assert lab.value("select count(*) from measurement") == 30  # the nine with two rows count like the others
    lab.fill("measurement", [{"person_id": n, "measurement_concept_id": 2} for n in range(9, 25)])
    assert lab.rows(sql) == [(30, 30)]
    assert lab.value("select count(*) from measurement") == 60


def test_every_outcome_of_a_case_is_judged(lab: PolicyLab) -> None:
    three = "case when gender_concept_id = 1 then 5 when gender_concept_id = 2 then {} else 3 end"
    lab.people(20, gender_concept_id=1).people(9, first=100, gender_concept_id=2).people(
        20, first=200, gender_concept_id=3
    )
    assert lab.value(f"select sum({three.format(7)}) from person") is None
    assert lab.value(f"select sum({three.format(0)}) from person") == 5 * 20 + 3 * 20
    assert lab.value(f"select sum({three.format('null')}) from person") == 5 * 20 + 3 * 20
    assert lab.value(f"select avg({three.format('null')}) from person") == 160 / 50  # as if nobody had none
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
    assert lab.rows("select sum(null), avg(null) from person") == [(None, None)]
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
