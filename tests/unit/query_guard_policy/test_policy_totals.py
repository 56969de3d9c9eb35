"""Totals over all people beside their rows, values looked up by a group, ranks made by hand: answered where a published
value stands for them, told apart where it cannot."""

from __future__ import annotations

import pytest

from tests.support.clinic import PLAIN, open_clinic, readable
from tests.support.guard_policy import NHS, PolicyLab, hidden_rows

pytestmark = pytest.mark.slow  # every combination: several seconds together


@pytest.fixture(scope="module")
def clinic() -> PolicyLab:
    """60 people, 45 of them with visits."""
    return open_clinic()


BY_SEX = "select gender_concept_id as g, count(*) as n from person group by 1"
PER_PERSON = "select person_id, count(*) as n from visit_occurrence group by 1"
RANKED = "select days_supply as x, row_number() over (order by days_supply, measurement_id) as k from measurement"

# What the guard computes from published values, plain DuckDB computes as well.
SAME = [
    # totals over all people beside their rows
    "select g, n, count(*) from (select gender_concept_id as g, count(*) over (partition by gender_concept_id) as n"
    " from person) group by g, n",
    f"select low, high, mean, count(*) from (select n, min(n) over () as low, max(n) over () as high, avg(n) over () as"
    f" mean from ({PER_PERSON})) group by low, high, mean",
    "select count(*) from (select year_of_birth, avg(year_of_birth) over () as mean from person) where year_of_birth >"
    " mean",
    "select count(*) from (select person_id from measurement qualify days_supply > avg(days_supply) over (partition by"
    " measurement_concept_id))",
    "select avg(date_diff('day', first_day, visit_start_date)) from (select visit_start_date, min(visit_start_date)"
    " over () as first_day from visit_occurrence)",
    "select race_source_value, m, count(*) from (select race_source_value, median(year_of_birth) over (partition by 1)"
    " as m from person) group by 1, 2",
    "select g, m, count(*) from (select gender_concept_id as g, avg(year_of_birth) over (partition by"
    " gender_concept_id order by birth_datetime rows between unbounded preceding and unbounded following) as m from"
    " person) group by 1, 2",
    # SELECT DISTINCT with windows
    "select distinct gender_concept_id, count(*) over (partition by gender_concept_id) as n, count(*) over (partition"
    " by gender_concept_id) * 2 as twice from person",
    "select distinct gender_concept_id, race_source_value, count(*) over (partition by race_source_value) from person",
    "select distinct visit_concept_id, count(*) over (partition by person_id) as visits from visit_occurrence order by"
    " visit_concept_id",
    "select distinct gender_source_value, count(*) over (partition by gender_concept_id) as n from person order by n"
    " limit 1",
    # a row number among the group keys
    "select distinct min(n) over (), max(n) over () from (select n, row_number() over (order by n) as k from"
    f" ({PER_PERSON})) group by k, n",
    "select distinct g, avg(y) over (partition by g) from (select gender_concept_id as g, year_of_birth as y,"
    " row_number() over (partition by gender_concept_id order by year_of_birth) as k from person) group by k, g, y",
    # values looked up by a group
    "select count(*) from measurement m where days_supply > (select avg(q.days_supply) from measurement q where"
    " q.measurement_concept_id = m.measurement_concept_id)",
    "select g, n, count(*) from (select p.gender_concept_id as g, (select count(*) from person q where"
    " q.gender_concept_id = p.gender_concept_id and q.year_of_birth > 1940) as n from person p) group by g, n",
    "select c.concept_name, (select count(*) from person p where p.gender_concept_id = c.concept_id) from concept c"
    " where c.domain_id = 'Gender'",
    "select q.g, (select max(p.year_of_birth) from person p where p.gender_concept_id = q.g) from (select"
    " gender_concept_id as g from person group by 1) q",
    "select gender_concept_id, count(*), (select avg(q.year_of_birth) from person q where q.gender_concept_id ="
    " p.gender_concept_id and q.race_source_value = 'a') from person p group by 1",
    "select p.gender_concept_id from person p group by 1 having count(*) < 1 + (select count(*) from person q where"
    " q.gender_concept_id = p.gender_concept_id)",
    # reference tables that keep their rows
    "select c.concept_name, count(v.visit_occurrence_id), count(distinct v.person_id) from concept c left join"
    " visit_occurrence v on v.visit_concept_id = c.concept_id where c.domain_id = 'Visit' group by 1",
    "select c.domain_id, count(*) from visit_occurrence v right join concept c on v.visit_concept_id = c.concept_id"
    " where v.visit_start_date > date '2010-01-31' group by 1",
    # further
    f"select g, n, quantile_cont(n, 0.5) over () from ({BY_SEX})",
    f"select g, quantile_disc(n, 0.25) over () from ({BY_SEX})",
    "select concat(month(visit_start_date), '-', year(visit_start_date)) as m, count(*) from visit_occurrence group by"
    " m",
    f"select sum(n), avg(n) from (select p.person_id, coalesce(v.n, 0) as n from person p left join ({PER_PERSON}) v on"
    " v.person_id = p.person_id)",
    "select date '2000-01-01' + cast(avg(date_diff('day', date '2000-01-01', visit_start_date)) as int) as mean from"
    " visit_occurrence",
]


@pytest.mark.parametrize("sql", SAME, ids=range(len(SAME)))
def test_answers_are_those_of_plain_sql(clinic: PolicyLab, sql: str) -> None:
    clinic.profile = PLAIN
    theirs = [tuple(map(readable, row)) for row in clinic.data.sql(sql).fetchall()]
    ours = [tuple(map(readable, row)) for row in clinic.rows(sql)]
    assert sorted(map(repr, ours)) == sorted(map(repr, theirs))


FEW = "case when year_of_birth = 1940 and race_source_value = 'b' then 1 else 2 end"  # 8 people of 60

FEW = "case when {0}year_of_birth = 1940 and {0}race_source_value = 'b' then 1 else 2 end"  # 8 people of 60

# A published value is there in a row where its group is published, and nowhere else.
HIDDEN = {
    "a total": f"select k, n, count(*) from (select {FEW.format('')} as k, count(*) over (partition by"
    f" {FEW.format('')}) as n from person) group by k, n",
    "a lookup": f"select k, n, count(*) from (select {FEW.format('p.')} as k, (select count(*) from person q where"
    f" {FEW.format('q.')} = {FEW.format('p.')}) as n from person p) group by k, n",
}


@pytest.mark.parametrize("sql", HIDDEN.values(), ids=HIDDEN)
def test_hidden_groups_have_no_value_in_their_rows(clinic: PolicyLab, sql: str) -> None:
    clinic.profile = NHS
    ((group, value, rows),) = clinic.rows(sql)
    assert (group, value, rows) == (2, 50, 50)


# Percentiles made by hand: their columns are withheld, the rest is answered.
PARTIAL = {
    "ranks in an aggregate": (
        f"select max(x) as high, min(case when k < 0.25 * 60 then 9999 else x end) as pct from ({RANKED})",
        "pct",
    ),
    "ranks in a filter": (
        f"with r as ({RANKED}), low as (select x as pct from r where k = cast((select count(*) from r) * 0.25 as int))"
        " select n, pct from (select count(*) as n from measurement), low",
        "pct",
    ),
    "ranks in a filter, averaged": (
        "select n, q.pct + 1 as pct from (select count(*) as n from measurement) p, (select avg(x) as pct from"
        f" ({RANKED}) where k between 15 and 16) q",
        "pct",
    ),
    "a running count for a rank": (
        "select max(x) as high, min(case when k < 15 then 9999 else x end) as pct from (select days_supply as x, sum(1)"
        " over (partition by 1 order by days_supply rows between unbounded preceding and current row) as k from"
        " measurement)",
        "pct",
    ),
    "groups of ranks beside others": (
        f"select a.g, a.n, b.pct from ({BY_SEX}) a join (select g, min(case when k < 9 then 9999 else y end) as pct"
        " from (select gender_concept_id as g, year_of_birth as y,"
        " row_number() over (partition by gender_concept_id order by year_of_birth) as k from person) group by g) b on"
        " a.g = b.g",
        "pct",
    ),
}


@pytest.mark.parametrize(("sql", "name"), PARTIAL.values(), ids=PARTIAL)
def test_percentiles_made_by_hand_leave_the_rest(clinic: PolicyLab, sql: str, name: str) -> None:
    clinic.profile = NHS
    answer = clinic.ask(sql)
    rows = list(range(answer.table.num_rows))
    assert rows and answer.table[name].to_pylist() == [None for _ in rows] and hidden_rows(answer, name) == rows
    assert "quantile_cont" in answer.flags[name]
    others = [other for other in answer.table.column_names if other != name]
    assert all(value is not None for other in others for value in answer.table[other].to_pylist())


PICKED = f"select x from ({RANKED}) where k = 3"
UNMET = "concept c left join person p on p.gender_concept_id = c.concept_id"
FOREIGN_COUNTS = [
    "select count(*) from visit_occurrence",
    "select count(*) from person q where q.gender_concept_id = p.gender_concept_id",
    "select count(*) from concept c where c.concept_id < p.year_of_birth",
    "select count(*) from visit_occurrence v, concept c where v.person_id = p.person_id",
    "select count(*) from visit_occurrence v, visit_occurrence w where v.person_id = p.person_id and w.person_id ="
    " p.person_id",
    "select count(*) from (select person_id from death union all select person_id from death) d where d.person_id ="
    " p.person_id",
]
REFUSED = {
    "percentile-by-hand": [
        f"select * from ({PICKED})",
        f"select count(*) from ({PICKED})",
        f"select count(*) over () from ({PICKED})",
        f"select n from (select count(*) as n from person), ({PICKED}) q where q.x > 3",
        f"select n from (select count(*) as n from person) p join ({PICKED}) q on q.x > 3",
        f"select n from (select count(*) as n from person) p left join ({PICKED}) q on true",
        f"select count(*) from person, ({PICKED}) q",
        f"select count(*) from person where year_of_birth in ({PICKED})",
        f"select count(*) from person where exists ({PICKED})",
        f"select count(*) as n from person union all ({PICKED})",
        f"select count(*) from person where year_of_birth > (select min(x) from ({PICKED}))",
        f"select count(*) from ({RANKED}) having min(case when k < 9 then 1 else x end) > 3",
        f"select n from (select count(*) as n, min(case when k < 9 then 1 else x end) as m from ({RANKED})) where"
        " m > 1",
    ],
    "rows-not-shown": [
        "select person_id from (select person_id, row_number() over (order by person_id) as k from person)",
        "select count(*) over (partition by year_of_birth) from person",
    ],
    "window-over-people": [
        "select count(*) from (select count(*) over (partition by birth_datetime) as n from person) where n > 1",
        "select count(*) from (select sum(days_supply) over (order by measurement_date) as s from measurement)"
        " where s > 1",
    ],
    "measure-not-quantity": [  # a sum of what was looked up counts the rows by what they were looked up with
        "select sum(n) from (select count(*) over (partition by year_of_birth) as n from person)",
        "select sum(date_diff('day', d, visit_start_date)) from (select visit_start_date, min(visit_start_date) over"
        " (partition by visit_concept_id) as d from visit_occurrence)",
        "select sum(date_diff('day', (select v.d from (values (9201, date '1000-01-01'), (9202, date '2019-12-01'))"
        " v(g, d) where v.g = x.visit_concept_id), x.visit_start_date)) from visit_occurrence x",
        "select sum(date_diff('day', (select min(v.visit_start_date) from visit_occurrence v where v.visit_concept_id ="
        " x.visit_concept_id), x.visit_start_date)) from visit_occurrence x",
        # and a sum of counts that are nobody's own, or that the question multiplies, is a multiple of a count
        *(f"select sum(n) from (select ({count}) as n from person p)" for count in FOREIGN_COUNTS),
    ],
    "join-keeps-nobody": [
        f"select count(*) from {UNMET} where p.person_id is null",
        f"select count(*) from {UNMET} where coalesce(p.year_of_birth, 1) = 1",
        f"select count(*) from {UNMET} where not (p.year_of_birth = 1)",
        f"select count(*) from {UNMET} left join death d on d.person_id = p.person_id where d.person_id is null or"
        " p.year_of_birth = 1",
        "select count(*) from visit_occurrence v where exists (select 1 from concept c left join person p on"
        " p.person_id = v.person_id)",
    ],
    "person-key-use": [
        "select count(*) from person where person_id <> 1",
        "select count(*) from person where person_id < 0",
        "select count(*) from person where person_id = 0",
    ],
}


@pytest.mark.parametrize(
    ("sql", "code"), [(sql, code) for code, listed in REFUSED.items() for sql in listed], ids=lambda one: one[:60]
)
def test_what_would_tell_of_single_people_is_refused(clinic: PolicyLab, sql: str, code: str) -> None:
    assert clinic.code(sql) == code


def test_nobody_is_told_from_somebody(clinic: PolicyLab) -> None:
    """`person_id <> 0` asks whether there is a person: no pseudonym is compared with a number."""
    plan = clinic.plan("select count(*) from visit_occurrence where person_id <> 0 and person_id > 0")
    assert "<> 0" not in plan.steps[0].sql and "> 0)" not in plan.steps[0].sql.partition("GROUP BY")[0]


def test_rows_of_nobody_are_left_out_and_it_says_so(clinic: PolicyLab) -> None:
    clinic.profile = NHS
    sql = "select count(*) as n from concept c left join person p on p.gender_concept_id = c.concept_id"
    answer = clinic.ask(sql)
    assert answer.table["n"].to_pylist() == [60]
    assert "met no person" in answer.flags["n"]
