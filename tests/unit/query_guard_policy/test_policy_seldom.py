"""Ways through the planner that few questions take: each is answered rightly or refused by the right name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.guard_policy import PolicyLab

PER_PERSON = "select count(*) as n from (select person_id, {} from measurement group by person_id)"


@pytest.fixture(scope="module")
def clinic() -> PolicyLab:
    """Thirty people, each with measurements of 0 to 6, one a day."""
    lab = PolicyLab().people(30, gender_concept_id=8507, year_of_birth=1950, gender_source_value="M")
    lab.fill(
        "measurement",
        [
            {
                "measurement_id": number,
                "person_id": number % 30 + 1,
                "visit_occurrence_id": number,
                "measurement_concept_id": number % 2,
                "measurement_date": f"2020-01-{number % 7 + 1:02}",
                "value_as_number": number % 7,
            }
            for number in range(210)
        ],
    )
    lab.fill(
        "visit_occurrence", [{"visit_occurrence_id": number, "person_id": number % 30 + 1} for number in range(60)]
    )
    return lab.fill("concept", [{"concept_id": number, "concept_name": f"c{number}"} for number in (3, 8507)])


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select count(*) from person where date_part('year') > 3", "unknown-function"),
        ("select count(*) from person where birth_datetime > now() + interval 'x' day", "pattern-not-literal"),
        ("with a as (select 1), a as (select 2) select * from a", "duplicate-alias"),
        (
            "select distinct count(*) over (partition by gender_concept_id) from person order by year_of_birth",
            "distinct-not-available",
        ),
        (
            "select count(distinct n) over () from (select count(*) as n from person group by year_of_birth)",
            "window-not-available",
        ),
        (
            "select sum(g) over () from (select gender_source_value as g, count(*) as n from person group by 1)",
            "type-mismatch",
        ),
        (
            "select ntile(0) over (order by n) from (select year_of_birth, count(*) as n from person group by 1)",
            "window-not-available",
        ),
        ("select n % 1.5 from (select count(*) as n from person)", "type-mismatch"),
        ("select count(*) from person where strftime(birth_datetime, gender_source_value) = ''", "pattern-not-literal"),
        ("select count(*) from person where birth_datetime > make_date(year_of_birth, 13, 1)", "pattern-not-literal"),
        ("select count(*) from person where birth_datetime > make_date(2020, 2, 30)", "date-not-read"),
        ("select count(*) from person where birth_datetime > make_date(2020, 2, 99999999999)", "date-not-read"),
        ("select quantile_cont(value_as_number, 1e) from measurement", "quantile-level"),
        ("select quantile_cont(value_as_number, 1_0) from measurement", "quantile-level"),
        (
            "select count(*) from (select distinct on (person_id) * from measurement"
            " qualify row_number() over (partition by person_id) = 1)",
            "distinct-not-available",
        ),
        ("select count(*) from person where person_id + 1 in (select person_id from death)", "subquery-without-person"),
        ("select count(*) from person where year_of_birth in (select person_id from measurement)", "person-key-use"),
        (f"{PER_PERSON.format('count(*) as m')[:-1]} having row_number() over () = 1)", "window-misplaced"),
        (PER_PERSON.format("measurement_id"), "not-grouped"),
        ("select count(*) from (select distinct measurement_id from measurement)", "distinct-not-available"),
        (PER_PERSON.format("sum(distinct value_as_number) as s"), "distinct-not-available"),
        (PER_PERSON.format("median(is_abnormal) as s"), "type-mismatch"),
        (PER_PERSON.format("sum(count(*)) as s"), "aggregate-misplaced"),
        ("select concept_id from concept group by concept_id having row_number() over () = 1", "window-misplaced"),
        ("select count(*) as n from person union by name select count(*) as n from person", "construct-not-available"),
        (
            "select count(*) from (select person_id, year_of_birth from person"
            " union all select year_of_birth, person_id from person)",
            "set-operation-mixed",
        ),
        (
            "select count(*) from (select person_id from person union select person_id from measurement limit 5)",
            "rows-limited",
        ),
        ("select concept_id from concept union all select concept_id from concept order by 2", "position-out-of-range"),
        ("select concept_id from concept union select 3 order by 1 + 1", "position-out-of-range"),
        ("select * from (values (1, x)) t(a, b)", "unknown-column"),
        (f"select * from (values {', '.join(f'({number})' for number in range(501))}) t(a)", "too-complex"),
        (
            "with "
            + ", ".join(f"a{number} as (select count(*) as n from person)" for number in range(40))
            + " select * from a0"
            + "".join(f" union all select * from a{number}" for number in range(1, 40)),
            "too-complex",
        ),
    ],
    ids=range(32),
)  # fmt: skip
def test_refused_by_its_name(clinic: PolicyLab, sql: str, code: str) -> None:
    assert clinic.code(sql) == code


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select * from (values (1, 1 is null), (2, null is null)) t(a, b) order by a", [(1, False), (2, True)]),
        ("(select gender_concept_id, count(*) as n from person group by 1) order by n limit 1", [(8507, 30)]),
        ("with a as ((select count(*) as n from person) limit 1) select n from a", [(30,)]),
        ("select count(*) as n from person union all select count(*) from visit_occurrence order by 1", [(30,), (60,)]),
        ("select n from (select count(*) as n from person) where exists (select 1 from concept)", [(30,)]),
        (
            "select year_of_birth, count(*) from person full join (select person_id, year_of_birth from person) again"
            " using (person_id, year_of_birth) group by year_of_birth",
            [(1950, 30)],
        ),
        (
            "select gender_concept_id, n, m from (select gender_concept_id, count(*) n from person group by 1) one full"
            " join (select gender_concept_id, count(*) m from person group by 1) two using (gender_concept_id)",
            [(8507, 30, 30)],
        ),
        ("select count(*) from person group by gender_concept_id having exists (select 1 from concept)", [(30,)]),
        (PER_PERSON.format("median(measurement_date) as d") + " where d > '2019-12-31'", [(30,)]),
        (
            "select count(*) from (select person_id, measurement_concept_id, count(*) n from measurement group by all"
            " qualify row_number() over (partition by person_id order by count(*) desc) = 1)",
            [(30,)],
        ),
        ("select count(distinct person_id) from person full join measurement using (person_id)"
         " full join visit_occurrence using (person_id)", [(30,)]),
        ("select count(*) from measurement m where m.measurement_id in"
         " (select x.measurement_id from measurement x where x.value_as_number > 3)", [(90,)]),
        ("select count(*) from measurement m where m.measurement_id in"
         " (select x.measurement_id from measurement x where x.person_id = m.person_id)", [(210,)]),
    ],
    ids=range(13),
)  # fmt: skip
def test_answered(clinic: PolicyLab, sql: str, rows: list[tuple[Any, ...]]) -> None:
    assert clinic.rows(sql) == rows


QUARTER, REST = "percentile_cont(0.25) within group (order by value_as_number)", " from measurement"


@pytest.mark.parametrize(
    "asked",
    [
        "quantile_disc(0.25 order by value_as_number)",
        "quantile_disc(value_as_number, 0.25 order by value_as_number)",
        "percentile_disc(0.25 order by value_as_number)",
        "percentile_cont(0.75) within group (order by value_as_number desc)",
    ],
)
def test_spellings_of_one_quantile(clinic: PolicyLab, asked: str) -> None:
    assert clinic.rows(f"select {asked} {REST}") == clinic.rows(f"select {QUARTER} {REST}")


@pytest.mark.parametrize(
    "start", ["unbounded preceding", "1 preceding", "current row", "1 following", "unbounded following"]
)
@pytest.mark.parametrize(
    "end", ["unbounded preceding", "1 preceding", "current row", "1 following", "unbounded following"]
)
def test_a_frame_is_one_that_duckdb_reads(clinic: PolicyLab, start: str, end: str) -> None:
    """Planned or refused, never planned and then not read (which `PolicyLab.plan` holds against DuckDB's parse)."""
    frame = f"order by concept_id rows between {start} and {end}"
    sql = f"select concept_id, sum(concept_id) over ({frame}) as s from concept"
    places = ["unbounded preceding", "1 preceding", "current row", "1 following", "unbounded following"]
    if places.index(start) <= places.index(end) and start != places[-1] and end != places[0]:
        assert clinic.rows(sql) == clinic.data.sql(sql).fetchall()
    else:
        assert clinic.code(sql) == "window-not-available"


@pytest.mark.parametrize(
    "function",
    [
        "row_number() filter (where concept_id > 1) over ()",
        "first_value(concept_id) filter (where concept_id > 1) over ()",
        "sum(concept_id) over (order by concept_id groups between 1 preceding and current row)",
        "sum(concept_id) over (order by concept_id rows unbounded following)",
        "sum(concept_id) over (order by concept_id range between 1 preceding and current row)",
    ],
)
def test_windows_of_other_forms(clinic: PolicyLab, function: str) -> None:
    assert clinic.code(f"select {function} from concept") == "window-not-available"
