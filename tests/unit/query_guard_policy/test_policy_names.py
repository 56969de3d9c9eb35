"""Stage 3: names, and the few doors for keys of people and rows."""

from __future__ import annotations

import pytest

from tests.support.guard_policy import PolicyLab


@pytest.mark.parametrize(
    "table",
    [
        "secret",
        "secret.person",
        "memory.main.person",
        "main.secret",
        "main.memory.person",
        "information_schema.person",
        "sde_marks",
        "main.sde_marks",
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
    assert 'FROM "person" AS t1' in plan.steps[0].sql
    assert "Person" not in "".join(step.sql for step in plan.steps)


@pytest.mark.parametrize("schema", ["main", "cdm", "dbo", "public", "omop", "main.main", "CDM"])
def test_the_schemas_that_analysts_write_are_left_out(lab: PolicyLab, schema: str) -> None:
    lab.people(12)
    assert lab.value(f"select count({schema}.person.person_id) from {schema}.person") == 10
    assert lab.code(f"select count(*) from {schema}.secret") == "unknown-table"
    shadowed = f"with person as (select 1) select count(*) from {schema}.person"
    assert lab.code(shadowed) == "table-behind-with"


@pytest.mark.parametrize(
    "column",
    [
        "nhs_number",
        "rowid",
        "person_ordinal",
        "person.rowid",
        "q.year_of_birth",
        "secret.person.year_of_birth",
        "main.q.year_of_birth",
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
    assert lab.code("select person from person") == "unknown-column"
    assert lab.code("select count(*) from (select person from person)") == "unknown-column"
    assert lab.code("select count(*) from (select p from person p)") == "unknown-column"
    assert lab.code("select count(person) from person") == "unknown-column"
    assert lab.code("select count(p.*) from person p") == "unknown-column"
    assert lab.code("select count(distinct p) from person p") == "unknown-column"
    assert lab.code("select p, count(*) from person p group by p") == "unknown-column"


PERSON_KEY = [
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
    # under another name, out of a query inside the query
    "select count(*) from (select person_id as x from person) where x = 7",
    "select count(*) from (select * from person) as t(a) where a = 7",
    "with w as (select person_id as x from person) select count(*) from w where x = 7",
    "select max(x) from (select person_id as x from person)",
    "select count(*) from (select person_id + 1 as x from person)",
    "select count(*) from (select coalesce(person_id, 7) as x from person)",
    "select count(*) from (select coalesce(person_id) as x from person) where x = 7",
    "select count(*) from (select case when true then person_id end as x from person)",
    "select count(*) from (select max(person_id) as x from person group by person_id)",
    "select count(*) from (select person_id as x from person group by person_id having person_id = 7)",
    "select count(*) from (select person_id from person union all select person_id from death) where person_id = 7",
    "select count(*) from (select lag(person_id) over (partition by person_id order by year_of_birth) x from person)",
    "select count(*) from (select first_value(person_id) over (partition by person_id) as x from person)",
    "select count(*) from (select person_id as k, count(*) as n from person group by 1) order by k",
    # met by a value that a query makes
    "select count(*) from person where person_id in (select 7)",
    "select count(*) from person where person_id = (select 7)",
    "select count(*) from person where person_id = (select min(concept_id) from concept)",
    "select count(*) from person where person_id in (select concept_id from concept)",
    "select count(*) from person p, (values (7)) v(x) where p.person_id = v.x",
    "select count(*) from person p join (values (7)) v(person_id) using (person_id)",
    "select count(*) from person p semi join (values (7)) v(person_id) using (person_id)",
    "select count(*) from person p where exists (select 1 from concept c where c.concept_id = p.person_id)",
    "select count(*) from person p where 7 in (select d.person_id from death d where d.person_id = p.person_id)",
    "select count(*) from person p where (select d.person_id from death d where d.person_id = p.person_id) = 7",
    "select count(*) from person p where (select max(d.person_id) from death d where d.person_id = p.person_id) = 7",
    "select count(*) from person p where year_of_birth in (select d.person_id from death d where d.person_id ="
    " p.person_id)",
    "select count(*) from person p where person_id in (select d.cause_concept_id from death d where d.person_id ="
    " p.person_id)",
]


@pytest.mark.parametrize("sql", PERSON_KEY)
def test_the_person_key_has_few_uses_and_no_other(lab: PolicyLab, sql: str) -> None:
    """Joins, grouping and windows of one person inside a query, and count(distinct ...)."""
    assert lab.code(sql) in {
        "person-key-use",
        "measure-not-quantity",
        "join-without-person",
        "division-not-available",
    }, lab.refusal(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select distinct person_id from person",
        "select person_id, count(*) from person group by person_id",
        "select count(*) from person group by person_id",
        "select visit_occurrence_id, count(*) from visit_occurrence group by 1",
        "select count(*) from (select person_id as k from person) group by k",
        "select person_id from person union select person_id from death",
        "with w as (select person_id, count(*) as n from person group by 1) select n from w",
        "select row_number() over (partition by person_id order by visit_start_date) from visit_occurrence",
    ],
)
def test_rows_of_single_people_are_no_answer(lab: PolicyLab, sql: str) -> None:
    assert lab.code(sql) == "rows-not-shown"


def test_groups_of_one_person_are_counted_further_out(lab: PolicyLab) -> None:
    """Grouping by the person is not refused inside a query: what leaves is counted over people and protected."""
    lab.fill("visit_occurrence", [(n, n % 30) for n in range(75)])  # 15 people have 3 visits, 15 have 2
    grouped = "(select person_id, count(*) as n from visit_occurrence group by person_id)"
    assert lab.rows(f"select n, count(*) from {grouped} group by n order by n") == [(2, 15), (3, 15)]
    lab.fill("visit_occurrence", [(100 + n, 40 + n % 9) for n in range(9)])  # nine people have one
    assert lab.rows(f"select n, count(*) from {grouped} group by n order by n") == [(2, 15), (3, 15)]


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from visit_occurrence where visit_occurrence_id = 7",
        "select count(*) from visit_occurrence where visit_occurrence_id in (select 7)",
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


@pytest.mark.parametrize("asked", ["count(*) from {} where x = 7", "max(x) from {}", "sum(x) from {}"])
def test_a_row_key_under_another_name_is_one_still(lab: PolicyLab, asked: str) -> None:
    renamed = "(select visit_occurrence_id as x from visit_occurrence)"
    refusal = lab.refusal(f"select {asked.format(renamed)}")
    assert (refusal.code, "«x»" in refusal.message) == ("row-key-use", True)


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
    assert lab.rows(f"select count(distinct person_id), count(*) from {joined}") == [
        (10, 20)
    ]  # two visits of each of those ten


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


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select p.* from concept", "unknown-table"),
        ("select count(*) from (select x.* from person)", "unknown-table"),
        ("select * exclude (a) from (select 1 as a)", "sql-not-read"),
    ],
)
def test_a_star_that_stands_for_nothing(lab: PolicyLab, sql: str, code: str) -> None:
    assert lab.code(sql) == code
