"""Stage 3: names, and the few doors for keys of people and rows."""

from __future__ import annotations

import pytest

from tests.support.guard_policy import PolicyLab


@pytest.mark.parametrize(
    "table",
    [
        "secret",
        "main.person",
        "memory.main.person",
        "information_schema.tables",
        "information_schema.columns",
        "duckdb_tables()",
        "duckdb_settings()",
        "pragma_storage_info('person')",
        "query('select * from secret')",
        "query_table('secret')",
        "range(3)",
        "read_csv('x.csv')",
        "read_text('/etc/passwd')",
        "'x.csv'",
        '"x.csv"',
        '"p"" where 1=1 --"',
        "sde_rows",
    ],
)
def test_everything_but_a_table_of_the_catalogue_is_unknown(lab: PolicyLab, table: str) -> None:
    refusal = lab.refusal(f"select count(*) from {table}")
    assert refusal.code == "unknown-table"
    assert refusal.message.endswith("in this project.")
    assert lab.code(f"select count(*) from person p join {table} on true") == "unknown-table"


@pytest.mark.parametrize(
    "sql", ['select count(*) from "person"', "select COUNT(*) from PERSON", 'select count(*) from "Person"']
)
def test_quoted_and_upper_case_names_are_the_catalogues(lab: PolicyLab, sql: str) -> None:
    plan = lab.people(12).plan(sql)
    assert 'FROM "person" AS t1' in plan.inner.sql
    assert "Person" not in plan.inner.sql + plan.outer_sql


@pytest.mark.parametrize(
    "column",
    [
        "nhs_number",
        "rowid",
        "person_ordinal",
        "person.rowid",
        "q.year_of_birth",
        "main.person.year_of_birth",
        "p",
        '"x"" --"',
    ],
)
def test_everything_but_a_column_of_the_catalogue_is_unknown(lab: PolicyLab, column: str) -> None:
    assert lab.code(f"select count({column}) from person") == "unknown-column"
    assert lab.code(f"select count(*) from person where {column} = 1") == "unknown-column"
    assert lab.code(f"select count(*) from person group by {column}") == "unknown-column"
    assert lab.code(f"select {column}, count(*) from person group by all") == "unknown-column"
    assert lab.code(f"select count(*) from person order by {column}") == "unknown-column"


def test_a_whole_row_is_no_value(lab: PolicyLab) -> None:
    assert lab.code("select person from person") == "rows-not-shown"
    assert lab.code("select count(person) from person") == "unknown-column"
    assert lab.code("select count(p.*) from person p") == "unknown-column"
    assert lab.code("select count(distinct p) from person p") == "unknown-column"
    assert lab.code("select p, count(*) from person p group by p") == "unknown-column"


PERSON_KEY = [
    "select person_id, count(*) from person group by person_id",
    "select count(*) from person group by person_id",
    "select count(*) from person order by person_id",
    "select count(*) from person having person_id > 1",
    "select count(*) from person where person_id = 7",
    "select count(*) from person where 7 = person_id",
    "select count(*) from person where person_id in (7)",
    "select count(*) from person where person_id between 1 and 3",
    "select count(*) from person where person_id % 2 = 0",
    "select count(*) from person where person_id + 0 > 7",
    "select count(*) from person where person_id < year_of_birth",
    "select count(*) from person where person_id = year_of_birth",
    "select count(*) from person where person_id = person_id",
    "select count(*) from person where cast(person_id as varchar) like '1%'",
    "select count(*) from person where coalesce(person_id, 0) = 7",
    "select count(*) from person where case person_id when 7 then true end",
    "select count(*) from person where not (person_id <> 7)",
    "select count(*) filter (where person_id = 7) from person",
    "select sum(person_id) from person",
    "select avg(person_id) from person",
    "select avg(case when person_id = 7 then 1 else 0 end) from person",
    "select sum(year_of_birth * case when person_id = 7 then 1e9 else 1 end) from person",
    "select count(distinct person_id + 1) from person",
    "select count(distinct case when true then person_id + 1 end) from person",
    "select count(*) from person p join death d on p.person_id < d.person_id",
    "select count(*) from person p join death d on p.person_id = d.person_id + 1",
    "select count(*) from person p join death d on p.person_id = d.cause_concept_id",
    "select count(*) from person p join death d on p.person_id = d.person_id or true",
    "select count(*) from person p join death d on (p.person_id = d.person_id) is not false",
    "select count(*) from person p join concept c on c.concept_id = p.person_id",
    "select count(*) from person p join concept c on p.person_id = c.concept_id",
    "select person_id as x, count(*) from person group by x",
    "select count(*) from person where date_diff('day', birth_datetime, birth_datetime) = person_id",
]


@pytest.mark.parametrize("sql", PERSON_KEY)
def test_the_person_key_has_four_uses_and_no_other(lab: PolicyLab, sql: str) -> None:
    assert lab.code(sql) in {
        "person-key-use",
        "measure-not-quantity",
        "join-without-person",
        "division-not-available",
    }, lab.refusal(sql)


def test_distinct_person_key_is_no_output(lab: PolicyLab) -> None:
    assert lab.code("select distinct person_id from person") == "person-key-use"


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from visit_occurrence where visit_occurrence_id = 7",
        "select visit_occurrence_id, count(*) from visit_occurrence group by 1",
        "select sum(visit_occurrence_id) from visit_occurrence",
        "select count(*) from visit_occurrence order by visit_occurrence_id",
        "select count(*) from visit_occurrence having visit_occurrence_id = 1",
        "select count(*) from visit_occurrence where visit_occurrence_id = visit_concept_id",
        "select count(*) from visit_occurrence v join concept c on c.concept_id = v.visit_occurrence_id",
        "select count(*) from visit_occurrence where visit_occurrence_id // 2 = 0",
    ],
)
def test_row_keys_are_not_compared_shown_or_added(lab: PolicyLab, sql: str) -> None:
    refusal = lab.refusal(sql)
    assert refusal.code == "row-key-use"
    assert "visit_occurrence_id" in refusal.message


def test_a_row_key_meets_no_person_key(lab: PolicyLab) -> None:
    sql = "select count(*) from person p join visit_occurrence v on p.person_id = v.person_id and p.person_id = {}"
    assert lab.code(sql.format("v.visit_occurrence_id")) == "person-key-use"


def test_keys_may_be_counted_joined_and_tested_for_null(lab: PolicyLab) -> None:
    lab.people(30, gender_concept_id=1)
    lab.fill("visit_occurrence", [(number, number % 20 + 1, 9) for number in range(100)])
    lab.fill("measurement", [(number, number % 20 + 1, number if number % 2 else None) for number in range(100)])
    assert lab.rows("select count(person_id), count(distinct person_id) from visit_occurrence") == [(100, 20)]
    assert lab.rows("select count(visit_occurrence_id), count(distinct visit_occurrence_id) from measurement") == [
        (50, 50)
    ]
    assert lab.value("select count(*) from measurement where visit_occurrence_id is null") == 50
    joined = "measurement m join visit_occurrence v using (person_id, visit_occurrence_id)"
    assert lab.value(f"select count(distinct m.measurement_id) from {joined}") == 50
    without = "person p left join visit_occurrence v on p.person_id = v.person_id where v.person_id is null"
    assert lab.value(f"select count(*) from {without}") == 10


def test_ambiguous_names(lab: PolicyLab) -> None:
    pair = "measurement m join visit_occurrence v on m.person_id = v.person_id"
    assert lab.code(f"select count(distinct person_id) from {pair}") == "ambiguous-column"
    assert lab.code(f"select count(visit_occurrence_id) from {pair}") == "ambiguous-column"
    assert lab.plan(f"select count(v.visit_occurrence_id) from {pair}")
    assert lab.plan("select count(distinct person_id) from measurement join visit_occurrence using (person_id)")


def test_using_needs_the_column_on_both_sides(lab: PolicyLab) -> None:
    assert lab.code("select count(*) from person join death using (year_of_birth)") == "unknown-column"
    assert lab.code("select count(*) from person join death using (death_date)") == "unknown-column"
    assert lab.code("select count(*) from person join concept using (person_id)") == "unknown-column"


def test_three_tables_by_using(lab: PolicyLab) -> None:
    lab.people(12).fill("death", [(number,) for number in range(1, 13)])
    lab.fill("visit_occurrence", [(number, number % 12 + 1) for number in range(24)])
    joined = "person join death using (person_id) left join visit_occurrence using (person_id)"
    assert lab.rows(f"select count(distinct person_id), count(*) from {joined}") == [(10, 25)]


def test_two_tables_of_one_name(lab: PolicyLab) -> None:
    assert lab.code("select count(*) from person join person on true") == "duplicate-alias"
    assert lab.plan("select count(*) from person a join person b on a.person_id = b.person_id")


def test_output_names_stand_for_their_expressions(lab: PolicyLab) -> None:
    lab.people(12, year_of_birth=1950).people(12, first=20, year_of_birth=1960)
    assert lab.rows(
        "select year_of_birth + 1 as y, count(*) as n from person where y > 1955 group by y having n > 1 order by n"
    ) == [(1961, 10)]
    assert lab.rows("select count(*) as n, n * 2 as m, m + 1 as k from person") == [(25, 50, 51)]
    assert lab.rows(
        "select year_of_birth as y, count(*) filter (where y > 1900) from person group by y order by y desc"
    ) == [
        (1960, 10),
        (1950, 10),
    ]
    assert lab.rows("select 2000 - year_of_birth as age, avg(age) from person group by age") == [(40, 40), (50, 50)]
    assert lab.code("select x + 1 as x, count(*) from person group by all") == "alias-in-circle"
    assert lab.code("select count(*) as n from person where n > 1") == "aggregate-misplaced"
    assert lab.code("select count(*) as n, sum(n) from person") == "aggregate-misplaced"
    assert lab.code("select count(*) as n, avg(m) as m from person") == "aggregate-misplaced"
    assert lab.code("select count(*) as n, y as z, z as y from person") == "alias-in-circle"


def test_a_column_comes_before_an_output_name_except_in_order_by(lab: PolicyLab) -> None:
    lab.people(20, year_of_birth=1950, gender_concept_id=2).people(
        10, first=40, year_of_birth=1960, gender_concept_id=1
    )
    by_key = "select gender_concept_id as year_of_birth, count(*) as n from person group by gender_concept_id"
    assert lab.rows(f"{by_key} order by year_of_birth") == [(1, 10), (2, 20)]
    assert lab.rows(f"{by_key} having year_of_birth = 2") == [(2, 20)]
    assert lab.rows(f"{by_key} order by n desc, year_of_birth") == [(2, 20), (1, 10)]
    assert (
        lab.code("select gender_concept_id as year_of_birth, count(*) from person group by year_of_birth")
        == "not-grouped"
    )


def test_output_columns_have_names_of_their_own(lab: PolicyLab) -> None:
    lab.people(12)
    names = lab.ask(
        'select count(*), count(*) as N, count(*) as n, COUNT(*) + 1, count(*) "two words" from person'
    ).table.column_names
    assert names == ["count(*)", "N", "n_1", "count(*) + 1", "two words"]
