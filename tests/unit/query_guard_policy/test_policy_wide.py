"""What analysts write beyond one grouped count: without thresholds and rounding the answers are those of plain SQL, and
with them every number rests on enough people."""

from __future__ import annotations

import pytest

from tests.support.clinic import PLAIN, open_clinic, readable
from tests.support.guard_policy import NHS, PolicyLab

pytestmark = pytest.mark.slow  # every combination: several seconds together


@pytest.fixture(scope="module")
def clinic() -> PolicyLab:
    """60 people, 45 of them with visits."""
    return open_clinic()


BY_SEX = "select gender_concept_id as g, count(*) as n from person group by 1"
PER_PERSON = "select person_id, count(*) as n from visit_occurrence group by 1"
FIRST = (
    "select *, row_number() over (partition by person_id order by visit_start_date) as k,"
    " lag(visit_start_date) over (partition by person_id order by visit_start_date) as before from visit_occurrence"
)

# One statistic of people's rows, or several joined: what the guard computes, plain DuckDB computes as well.
SAME = [
    # what describes a distribution
    "select min(value_as_number), max(value_as_number), median(value_as_number) from measurement",
    "select quantile_cont(value_as_number, 0.25), quantile_cont(value_as_number, 0.9) from measurement",
    "select percentile_cont(0.75) within group (order by value_as_number) from measurement",
    "select stddev(value_as_number), stddev_pop(value_as_number), variance(value_as_number), var_pop(value_as_number)"
    " from measurement",
    "select corr(value_as_number, days_supply), covar_pop(value_as_number, days_supply) from measurement",
    "select regr_slope(value_as_number, days_supply), regr_intercept(value_as_number, days_supply),"
    " regr_r2(value_as_number, days_supply) from measurement where measurement_concept_id = 3000",
    "select measurement_concept_id, min(value_as_number) filter (where days_supply > 10) from measurement group by 1",
    "select max(2020 - year_of_birth) as oldest, min(year_of_birth) from person",
    # CTEs and subqueries
    f"with v as ({PER_PERSON}) select n, count(*) from v group by n",
    f"with v as ({PER_PERSON}), w as (select n * 1 as n from v where n > 2) select count(*), avg(n) from w",
    f"select avg(n), sum(n), max(n), min(n), median(n), stddev(n) from ({PER_PERSON})",
    f"select p.gender_concept_id, avg(v.n) from person p join ({PER_PERSON}) v using (person_id) group by 1",
    "select count(*) from person where year_of_birth >= (select avg(year_of_birth) from person)",
    "select count(*) from person p where exists (select 1 from visit_occurrence v where v.person_id = p.person_id"
    " and v.visit_concept_id = 9201)",
    "select count(*) from person p where not exists (select 1 from death d where d.person_id = p.person_id)",
    "select gender_concept_id, count(*) from person where person_id in (select person_id from death) group by 1",
    "select count(*) from person where person_id not in (select person_id from visit_occurrence)",
    "select count(*) from visit_occurrence where visit_concept_id in (select concept_id from concept where domain_id ="
    " 'Visit' and concept_name like 'In%')",
    "select count(*) from person p where (select count(*) from visit_occurrence v where v.person_id = p.person_id) > 3",
    "select (select count(*) from visit_occurrence v where v.person_id = p.person_id) as visits, count(*) from person p"
    " group by 1",
    "select count(*) from visit_occurrence v where visit_concept_id in (select descendant_concept_id from"
    " concept_ancestor where ancestor_concept_id = 9201)",
    # one person's rows in order
    f"select visit_concept_id, count(*) from ({FIRST}) where k = 1 group by 1",
    f"select count(*) from ({FIRST}) where date_diff('month', before, visit_start_date) = 1",
    "select count(*) from (select person_id from visit_occurrence qualify row_number() over (partition by person_id"
    " order by visit_start_date desc) = 1)",
    "select k, count(*) from (select count(*) over (partition by person_id order by visit_start_date rows between"
    " unbounded preceding and current row) as k from visit_occurrence) group by k",
    "select count(*) from (select distinct person_id, visit_concept_id from visit_occurrence)",
    # other joins and set operations
    "select count(*), count(d.cause_concept_id) from visit_occurrence v right join death d on v.person_id = d.person_id"
    " and v.visit_concept_id = 9201",
    "select count(*) from (select distinct person_id from visit_occurrence) v full join death d using (person_id)",
    "select count(*), count(v.n), count(d.cause_concept_id) from"
    f" ({PER_PERSON}) v full join death d on v.person_id = d.person_id",
    "select count(*) from (select person_id from visit_occurrence union select person_id from death)",
    "select count(*) from (select person_id from visit_occurrence intersect select person_id from death)",
    "select count(*) from (select person_id from person except select person_id from visit_occurrence)",
    "select count(distinct person_id) from (select person_id from death union all select person_id from measurement)",
    # levels
    "select gender_concept_id, year_of_birth, count(*) from person group by rollup (1, 2)",
    "select gender_concept_id, race_source_value, count(*) from person group by cube (1, 2)",
    "select gender_concept_id, race_source_value, count(*) from person group by grouping sets ((1), (2), ())",
    "select gender_concept_id, count(*), grouping(gender_concept_id) from person group by rollup (gender_concept_id)",
    # further SQL over what is published
    f"select g, n, sum(n) over (), rank() over (order by n desc, g), n / sum(n) over () as share from ({BY_SEX})",
    f"select sum(n), max(n), count(*), avg(n) from ({BY_SEX})",
    f"select a.g, a.n, c.concept_name from ({BY_SEX}) a join concept c on c.concept_id = a.g where a.n > 1",
    f"select a.g, b.n from ({BY_SEX}) a left join ({BY_SEX}) b on a.g = b.g and a.g = 8507",
    f"select g from ({BY_SEX}) union all select concept_id from concept where domain_id = 'Visit'",
    f"select g, n from ({BY_SEX}) where n >= (select max(n) from ({BY_SEX}))",
    f"select (select count(*) from person) - (select count(*) from death) as living from ({BY_SEX}) limit 1",
    "select year_of_birth, count(*) as n, sum(count(*)) over (order by year_of_birth) from person group by 1",
    "select year_of_birth, count(*) as n, lag(count(*)) over (order by year_of_birth) from person group by 1",
    "select gender_source_value, count(*) from person group by 1 qualify row_number() over (order by count(*) desc,"
    " gender_source_value) = 1",
    "select distinct gender_concept_id, count(*) over (partition by gender_concept_id) from person",
    "select x.a, x.b from (values (1, 'one'), (2, 'two')) as x(a, b) where x.a > 1",
    "select 1 union select 2 except select 1",
]


@pytest.mark.parametrize("sql", SAME, ids=range(len(SAME)))
def test_answers_are_those_of_plain_sql(clinic: PolicyLab, sql: str) -> None:
    clinic.profile = PLAIN
    theirs = [tuple(map(readable, row)) for row in clinic.data.sql(sql).fetchall()]
    ours = [tuple(map(readable, row)) for row in clinic.rows(sql)]
    assert sorted(map(repr, ours)) == sorted(map(repr, theirs))


@pytest.mark.parametrize("sql", SAME, ids=range(len(SAME)))
def test_protected_answers_hold_no_other_rows(clinic: PolicyLab, sql: str) -> None:
    """Under the profile of the house the same rows come out, or fewer; and what is counted is rounded or hidden."""
    clinic.profile = PLAIN
    plain = clinic.rows(sql)
    clinic.profile = NHS
    answer = clinic.ask(sql)
    assert answer.table.num_rows <= len(plain)
    counts = [name for name in answer.table.column_names if name.startswith(("count(*)", "count(distinct"))]
    counts = [] if BY_SEX in sql else counts  # there they count groups
    for name in counts:
        if not answer.flags.get(name, "").startswith("Some of these"):  # sums without hidden cells
            assert all(n is None or (n % 5 == 0 and (n == 0 or n >= 10)) for n in answer.table[name].to_pylist()), name
