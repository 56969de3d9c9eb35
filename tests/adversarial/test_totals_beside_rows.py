"""Attacks by values that are published beside people's rows: totals over all people, values looked up by a group, rows
of reference tables. Each is asked in two worlds that differ in one secret of one person, and must let out the same."""

from __future__ import annotations

import pytest

from tests.support.two_worlds import Worlds, transcript

pytestmark = pytest.mark.slow

#: The target with the secret is one group, everybody else the other.
MARK = "case when {T} and {S} then 1 else 2 end"
MARKED = f"(select p.person_id, {MARK} as k, p.year_of_birth as y from person p) q"
DAYS = (
    "(select q.measurement_date as d, {T} and {S} as t from measurement q join person p on p.person_id = q.person_id)"
)

ALONE = {
    # the total of the target's own group
    "total of one": f"select k, n, count(*) as c from (select k, count(*) over (partition by k) as n from {MARKED})"
    " group by k, n",
    "total of one, distinct": f"select distinct k, count(*) over (partition by k) as n from {MARKED}",
    "total of one, beside another": "select distinct year_of_birth, count(*) over (partition by year_of_birth) as n,"
    " count(*) over () as every from person p where {S}",
    "filtered total": "select n, count(*) as c from (select count(*) filter (where {T} and {S}) over () as n from"
    " person p) group by n",
    "total of a flag": "select n, count(*) as c from (select sum(case when {T} and {S} then 1 else 0 end) over () as n"
    " from person p) group by n",
    "mean of one": f"select a, count(*) as c from (select avg(y) over (partition by k) as a, k from {MARKED})"
    " where k = 1 group by a",
    "extreme of one": f"select a, count(*) as c from (select min(y) over (partition by k) as a, k from {MARKED})"
    " where k = 1 group by a",
    # who has no total is in a hidden group
    "hidden total": f"select count(*) as c from (select count(*) over (partition by k) as n from {MARKED}) where n is"
    " null",
    "hidden total, counted beside": f"select count(*) as c, count(*) filter (where n is null) as h from (select"
    f" count(*) over (partition by k) as n from {MARKED})",
    "hidden total by qualify": f"select count(*) as c from (select k from {MARKED} qualify count(*) over (partition by"
    " k) is null)",
    # lookups
    "lookup of one": f"select n, count(*) as c from (select (select count(*) from {MARKED.replace(' q', ' r')} where"
    f" r.k = q.k) as n from {MARKED}) group by n",
    "lookup of nobody": f"select c.concept_id, (select count(*) from {MARKED.replace(' q', ' r')} where r.k ="
    " c.concept_id) as n from concept c",
    "lookup beside groups": f"select k, count(*) as c, (select count(*) from {MARKED.replace(' q', ' r')} where r.k ="
    f" q.k) as n from {MARKED} group by k",
    # sums that count the target by what stands in her row
    "sum of totals": f"select sum(n) as s from (select count(*) over (partition by k) as n from {MARKED})",
    "mean of lookups": "select avg(n) as s from (select (select count(*) from visit_occurrence v where"
    f" v.visit_concept_id = 9202 * q.k) as n from {MARKED})",
    "days since a looked up day": f"select sum(date_diff('day', d0, d)) as s from (select d, min(d) over (partition"
    f" by t) as d0 from {DAYS})",
    "days since a listed day": "select avg(date_diff('day', (select v.d from (values (1, date '1000-01-01'), (2, date"
    " '2019-01-01')) v(k, d) where v.k = case when {T} and {S} then 1 else 2 end), q.measurement_date)) as s from"
    " measurement q join person p on p.person_id = q.person_id",
    "a day moved for one": "select avg(date_diff('day', date '2000-01-01' + case when {T} and {S} then 30000 else 1"
    " end, q.measurement_date)) as s from measurement q join person p on p.person_id = q.person_id",
    "a multiple of a count": "select sum(n) as s from (select (select count(*) from concept) as n from person p where"
    " {T} and {S})",
    "repeated rows of one": "select sum(n) as s from (select (select count(*) from measurement m, concept c where"
    " m.person_id = p.person_id and {T} and {S}) as n from person p)",
    # reference tables that keep their rows
    "reference rows and one": "select c.concept_name, count(*) as n from concept c left join (select 5 as code,"
    " p.person_id from person p where {T} and {S}) x on x.code = c.concept_id group by 1",
    "reference rows alone": "select count(*) as n from concept c left join (select 5 as code, p.person_id from person p"
    " where {T} and {S}) x on x.code = c.concept_id",
    # rows picked by a rank
    "picked by rank": "select n, y from (select count(*) as n from death) a, (select y from (select p.year_of_birth"
    " as y, row_number() over (order by p.year_of_birth) as k from person p where {S}) where k = 1) b",
    "smallest by rank": "select count(*) as n, min(case when k = 1 then y end) as y from (select p.year_of_birth as y,"
    " row_number() over (order by p.year_of_birth) as k from person p where {S})",
    "rank among group keys": "select distinct min(y) over () as y from (select p.year_of_birth as y, row_number() over"
    " (order by p.year_of_birth) as k from person p where {T} and {S}) group by k, y",
    "distinct by person": "select distinct p.year_of_birth, count(*) over (partition by p.person_id) as n from person p"
    " where {S}",
}

# One more person with the secret moves the rounded count from 40 to 45: nothing else may move.
TOGETHER = {
    "total and total without": (
        "select distinct count(*) over () as n from person p where {S} and not ({T})",
        "select distinct count(*) over () as n from person p where {S}",
    ),
    "total and count": (
        "select count(*) as n from person p where {S} and not ({T})",
        "select n, count(*) as c from (select count(*) over () as n from person p where {S}) group by n",
    ),
    "lookup and lookup without": (
        "select (select count(*) from person p where p.race_source_value = c.domain_id and {S}) as n, (select count(*)"
        " from person p where 'Measurement' = c.domain_id and {S}) as m from concept c",
        "select c.concept_id, (select count(*) from person p where p.gender_concept_id = c.concept_id and {S} and not"
        " ({T})) as n from concept c",
    ),
}


@pytest.mark.parametrize("name", ALONE)
def test_what_stands_beside_rows_tells_nothing_of_one_person(name: str, far_from_the_edge: Worlds) -> None:
    without, having = (transcript(world, (ALONE[name],)) for world in far_from_the_edge)
    assert without == having


@pytest.mark.parametrize("name", TOGETHER)
def test_totals_together_tell_nothing_of_one_person(name: str, on_the_edge: Worlds) -> None:
    without, having = (transcript(world, TOGETHER[name]) for world in on_the_edge)
    assert without == having
