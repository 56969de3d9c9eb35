"""Attacks through the widened language: each is asked in two worlds that differ in one secret of one person, and must
let out the same in both.

`ALONE`: one question that tries to get at the person past the threshold. `TOGETHER`: several questions whose
difference would tell; there one more person with the secret moves the rounded count (42 and 43), so that any answer of
its own shows.
"""

from __future__ import annotations

import pytest

from tests.support.two_worlds import Worlds, transcript

pytestmark = pytest.mark.slow

OF_TARGET = "from person p join measurement q on q.person_id = p.person_id where {T} and {S}"
WITH_SECRET = "from person p where {S}"

ALONE = {
    # one person's rows, by every aggregate
    "count": "select count(*) as n from person p where {T} and {S}",
    "count of people": "select count(distinct p.person_id) as n from person p where {T} and {S}",
    "sum of a flag": "select sum(case when {T} and {S} then 1 else 0 end) as n from person p",
    "mean of a flag": "select avg(case when {T} and {S} then 1.0 else 0.0 end) as a from person p",
    "sum of a large flag": "select sum(case when {T} and {S} then 1000000 else 0 end) as n from person p",
    "sum with one heavy arm": "select sum(case when {T} and {S} then 1000 else 1 end) as n from person p",
    "filter": "select count(*) filter (where {T} and {S}) as n, count(*) as every from person p",
    "count_if": "select count_if({T} and {S}) as n from person p",
    "extremes of one": "select min(q.days_supply) as a, max(q.value_as_number) as b " + OF_TARGET,
    "smallest quantile": "select quantile_cont(year_of_birth, 0.0001) as q from person p where {S}",
    "largest quantile": "select quantile_cont(year_of_birth, 0.9999) as q from person p where {S}",
    "spread of one": "select stddev(q.value_as_number) as s, variance(q.days_supply) as v " + OF_TARGET,
    "correlation of one": "select corr(q.value_as_number, q.days_supply) as c " + OF_TARGET,
    "correlation of copies": "select corr(q.days_supply, q.days_supply) as c " + OF_TARGET,
    "regression of one": "select regr_slope(q.value_as_number, q.days_supply) as c " + OF_TARGET,
    "share of one": "select count(*) * 1.0 / count(*) as share from person p where {T} and {S}",
    "distinct values of one": "select count(distinct q.measurement_date) as n " + OF_TARGET,
    "texts of one": "select string_agg(q.value_as_number, ',') as t " + OF_TARGET,
    # what is left without one person
    "rest of a filter": "select count(*) filter (where not ({T})) as n from person p where {S}",
    "rest of people": "select count(distinct case when not ({T}) then p.person_id end) as n from person p where {S}",
    "rest of a flag": "select sum(case when {T} then 0 else 1 end) as n from person p where {S}",
    "rest of a mean": "select avg(case when {T} then 0.0 else 1.0 end) as a from person p where {S}",
    "rest of a value": "select count(case when not ({T}) then p.year_of_birth end) as n from person p where {S}",
    "rest of two filters": "select count(*) filter (where {T}) as t, count(*) filter (where not ({T})) as n,"
    " count(*) as every from person p where {S}",
    # rules whose boundary lies at any number of people
    "tail of a quantile": "select quantile_cont(year_of_birth, 0.246) as q from person p where {S}",
    # one person's group
    "group of one": "select p.year_of_birth, count(*) as n from person p where {S} group by 1",
    "having on it": "select p.year_of_birth from person p where {S} group by 1 having count(*) = 1",
    "having hidden": "select p.year_of_birth from person p where {S} group by 1 having count(*) is null",
    "having any": "select p.year_of_birth from person p where {S} group by 1 having coalesce(count(*), 1) = 1",
    "order by it": "select p.year_of_birth, count(*) as n from person p where {S} group by 1 order by n limit 1",
    "keys alone": "select distinct p.year_of_birth from person p where {S}",
    "first of each key": "select distinct on (year_of_birth) year_of_birth, count(*) as n from person p where {S}"
    " group by 1 order by 2",
    "number of hidden groups": "select year_of_birth, gender_concept_id, count(*) as n from person p"
    " where {S} group by all",
    "margin": "select gender_concept_id, {T} as t, count(*) as n from person p where {S} group by rollup (1, 2)",
    "cube": "select gender_concept_id, {T} as t, count(*) as n from person p where {S} group by cube (1, 2)",
    "hidden or zero": "select coalesce(count(*) filter (where {T} and {S}), 0) as n,"
    " count(*) filter (where {T} and {S}) is null as gone,"
    " case when count(*) filter (where {T} and {S}) > 0 then 'some' else 'none' end as some from person p",
    "grouping of it": "select grouping(t) as g, t, n from (select {T} and {S} as t, count(*) as n"
    " from person p group by rollup (1))",
    "grouped by itself": "select grouping({T} and {S}) as g, count(*) as n from person p group by rollup ({T} and {S})",
    "rank of it": "select t, rank() over (order by n) as r from (select {T} and {S} as t, count(*) as n"
    " from person p group by 1)",
    "total less the rest": "select sum(n) as n from (select {T} and {S} as t, count(*) as n from person p group by 1)",
    "union of groups": "select count(*) as n from person p where {T} and {S} union all select count(*) from person p"
    " where {S}",
    "whether there is any": "select exists (select count(*) from person p where {T} and {S} having count(*) > 0) as e",
    "one value of one": "select (select count(*) from person p where {T} and {S}) as n",
    "landed": "with one as (select {T} and {S} as t, count(*) as n from person p group by 1)"
    " select count(*) as n from person p join one on one.t = ({T} and {S})",
    "those of shown groups": "select count(*) as n from person p where ({T} and {S}) in"
    " (select {T} and {S} from person p group by 1)",
    # windows
    "row of everybody's": "select count(*) as n from (select year_of_birth, row_number() over (order by year_of_birth)"
    " as r from person p where {S}) where r = 1",
    "neighbour among people": "select avg(y) as a from (select lag(year_of_birth) over (order by year_of_birth) as y"
    " from person p where {S})",
    "neighbour of nobody": "select count(*) filter (where y is null) as n from (select lag(p.year_of_birth) over"
    " (partition by {T} order by p.year_of_birth) as y from person p where {S})",
    "window with a filter": "select sum(d) as n from (select p.person_id, sum(q.days_supply) filter (where {T} and {S})"
    " over (partition by p.person_id) as d from person p join measurement q on q.person_id = p.person_id)",
    "window picks": "select count(*) as n from (select p.person_id, first_value(q.measurement_concept_id) over"
    " (partition by p.person_id order by q.measurement_date) as c, p.year_of_birth from person p"
    " join measurement q on q.person_id = p.person_id) where c = 999 and year_of_birth = 1901",
    "qualify": "select p.person_id from person p where {S} qualify row_number() over (order by year_of_birth) = 1",
    "qualify inside": "select count(*) as n from (select p.person_id from person p where {T} and {S}"
    " qualify row_number() over (partition by p.person_id order by p.year_of_birth) = 1)",
    "window that fails on a row": "select count(*) as n from (select p.person_id, ntile(0) over (partition by"
    " p.person_id order by p.year_of_birth) as t from person p where {T} and {S}) where t = 1",
    "window over groups of a person": "select count(*) as n from (select p.person_id, max(count(*)) over (partition by"
    " p.person_id) as c from person p join measurement q on q.person_id = p.person_id where {T} and {S}"
    " group by p.person_id, q.measurement_concept_id) where c > 0",
    # subqueries
    "subquery untied": "select count(*) as n from person a where exists (select 1 from person p where {T} and {S})",
    "subquery tied by another": "select count(*) as n from person a where exists (select 1 from person p"
    " where p.gender_concept_id = a.gender_concept_id and {T} and {S})",
    "in of a number": "select count(*) as n from person a where a.year_of_birth in"
    " (select p.year_of_birth from person p where {T} and {S})",
    "not in of a number": "select count(*) as n from person a where a.year_of_birth not in"
    " (select p.year_of_birth from person p where {T} and {S})",
    "in with a null": "select count(*) as n from person a where a.year_of_birth in"
    " (select case when {T} and {S} then null else p.year_of_birth end from person p)",
    "not in with a null": "select count(*) as n from person a where a.year_of_birth not in"
    " (select case when {T} and {S} then null else 1800 end from person p)",
    "not in with a null, by person": "select count(*) as n from person a where a.person_id not in"
    " (select case when {T} and {S} then null else p.person_id end from person p)",
    "value untied": "select count(*) as n from person a where a.year_of_birth >"
    " (select max(p.year_of_birth) from person p where {T} and {S})",
    "value of many": "select count(*) as n from person a where 1901 = (select p.year_of_birth from person p where {S})",
    "count as a condition": "select count(*) as n from person a where (select count(*) from person p"
    " where {T} and {S}) = 1",
    "compared with all": "select count(*) as n from person a where a.year_of_birth <= all"
    " (select p.year_of_birth from person p where {S})",
    "correlated list": "select count(*) as n from person p where {T} and {S} and 1 in"
    " (select v.x from (values (1), (2)) v(x) where v.x < p.year_of_birth)",
    # joins and set operations
    "self join on sex": "select count(*) as n from person a join person p on p.gender_concept_id = a.gender_concept_id"
    " where {T} and {S}",
    "full join": "select count(*) as n, count(p.person_id) as left_only, count(d.person_id) as right_only"
    " from (select * from person p where {T} and {S}) p full join (select * from death where cause_concept_id = 1) d"
    " on p.person_id = d.person_id",
    "full join of two": "select coalesce(p.year_of_birth, 0) as y, count(*) as n from (select person_id, year_of_birth"
    " from person p where {T} and {S}) p full join death d using (person_id) group by 1",
    "eight copies": "select count(*) as n from ("
    + " union all ".join(["select person_id from person p where {T} and {S}"] * 8)
    + ")",
    "weighed by values": "select count(*) as n from person p join (values (1), (2), (3), (4), (5), (6), (7), (8), (9),"
    " (10), (11)) v(x) on v.x <= 11 where {T} and {S}",
    "weights to sum": "select sum(v.w) as n from person p join (values (1901, 1000), (1950, 1)) v(y, w)"
    " on v.y = p.year_of_birth where {S}",
    "many and many": "select count(*) as n from person p join measurement a on a.person_id = p.person_id"
    " join measurement b on b.person_id = p.person_id join visit_occurrence v on v.person_id = p.person_id"
    " where {T} and {S}",
    "except": "select count(*) as n from (select person_id from person p where {S} except"
    " select person_id from person p where {S} and not ({T}))",
    "intersect": "select count(*) as n from (select person_id from person p where {S} intersect"
    " select person_id from person p where {T})",
    "anti join": "select count(*) as n from (select * from person p where {S}) a anti join"
    " (select * from person p where not ({T})) b on a.person_id = b.person_id",
    "cross join": "select count(*) as n from person a cross join (select * from person p where {T} and {S}) b",
    # names
    "name that shadows": "with person as (select 1 as person_id) select count(*) as n from person",
    "name that shadows people": "with death as (select * from person p where {T} and {S}) select count(*) as n"
    " from death",
    "name of the guard": "with sde_marks as (select 1 as mark) select mark from sde_marks",
    "marks": "select count(*) as n from sde_marks",
    "mark of a person": "select count(mark) as n from person p where {T} and {S}",
    # one value many ways
    "date made": "select make_date(p.year_of_birth, 1, 1) as d, count(*) as n from person p where {S} group by 1",
    "day written out": "select strftime(q.measurement_date, '%Y-%m-%d') as d, count(*) as n "
    + OF_TARGET
    + " group by 1",
    "week": "select date_trunc('week', q.measurement_date) as w, count(*) as n " + OF_TARGET + " group by 1",
    "day": "select q.measurement_date as d, count(*) as n " + OF_TARGET + " group by 1",
    "latest of two dates": "select count(*) as n from person p join measurement q on q.person_id = p.person_id"
    " where {S} and {T} and greatest(q.measurement_date, DATE '2020-01-12') = DATE '2020-01-12'",
    "sweep": "select sum(least(q.value_as_number, 11)) as s " + OF_TARGET,
    "band of one": "select floor((p.year_of_birth - 1) / 1000) as b, count(*) as n from person p where {T} and {S}"
    " group by 1",
    "history as a key": "select h, count(*) as n from (select p.person_id, string_agg(p.gender_source_value, ',') as h"
    " from person p join measurement q on q.person_id = p.person_id where {S} group by p.person_id) group by 1",
    "undone rounding": "select n + 0.4 as a, n * 1.0 / 5 as b, round(n * 1.01) as c from"
    " (select count(*) as n from person p where {T} and {S})",
}

TOGETHER = {
    "with and without": (
        "select count(*) as n from person p where {S} and not ({T})",
        "select count(*) as n from person p where {S}",
    ),
    "with and without, people": (
        "select count(distinct person_id) as n from person p where {S} and not ({T})",
        "select count(distinct person_id) as n from person p where {S}",
    ),
    "rows and people": (
        "select count(distinct person_id) as n from person p where {S} and not ({T})",
        "select count(*) as n from person p where {S}",
    ),
    "people, and rows beside one value": (
        "select count(distinct person_id) as n from person p where {S} and not ({T})",
        "select count(*) as n from person p join (values (1)) v(x) on true where {S}",
    ),
    "people, and rows of their deaths or none": (
        "select count(distinct person_id) as n from person p where {S} and not ({T})",
        "select count(*) as n from person p left join death d on d.person_id = p.person_id where {S}",
    ),
    "people, and one visit of each": (
        "select count(distinct person_id) as n from person p where {S} and not ({T})",
        "select count(*) as n from person p join visit_occurrence v on v.person_id = p.person_id"
        " where {S} and v.visit_start_date < DATE '2020-02-01'",
    ),
    "people and ones": (
        "select count(distinct person_id) as n from person p where {S} and not ({T})",
        "select sum(1) as n from person p where {S}",
    ),
    "rows and different records": (
        "select count(*) as n from person p join visit_occurrence v on v.person_id = p.person_id"
        " where {S} and not ({T}) and v.visit_start_date < DATE '2020-02-01'",
        "select count(distinct v.visit_occurrence_id) as n from person p join visit_occurrence v"
        " on v.person_id = p.person_id where {S} and v.visit_start_date < DATE '2020-02-01'",
    ),
    "sum over mean": (
        "select count(*) as n from person p where {S} and not ({T})",
        "select round(sum(year_of_birth) / avg(year_of_birth)) as n from person p where {S}",
    ),
    "counts of a person's records": (
        "select count(*) as n from person p where {S} and not ({T})",
        "select sum(c) as n from (select p.person_id, count(*) as c from person p where {S} group by p.person_id)",
    ),
    "first five rows each": (
        "select count(*) as n from (select p.person_id from person p join measurement q on q.person_id = p.person_id"
        " join visit_occurrence v on v.person_id = p.person_id where {S} and not ({T})"
        " qualify row_number() over (partition by p.person_id order by q.measurement_date) <= 5)",
        "select count(*) as n from (select p.person_id from person p join measurement q on q.person_id = p.person_id"
        " join visit_occurrence v on v.person_id = p.person_id where {S}"
        " qualify row_number() over (partition by p.person_id order by q.measurement_date) <= 6)",
    ),
    "mean of the same count": (
        "select avg(c) as a from (select p.person_id, count(*) as c from person p join measurement q"
        " on q.person_id = p.person_id where {S} and not ({T}) group by p.person_id)",
        "select avg(c) as a from (select p.person_id, count(*) as c from person p join visit_occurrence q"
        " on q.person_id = p.person_id where {S} group by p.person_id)",
    ),
    "mean about its middle": (
        "select avg(year_of_birth - 1961.3) as a from person p where {S} and not ({T})",
        "select avg(year_of_birth - 1961.3) as a from person p where {S}",
    ),
    "mean of the same measure moved": (
        "select avg(year_of_birth - 1961.3) as a from person p where {S} and not ({T})",
        "select avg(year_of_birth - 1961.31) as a from person p where {S}",
    ),
    "mean of the same measure stretched": (
        "select avg(year_of_birth) as a from person p where {S} and not ({T})",
        "select avg(year_of_birth * 1.5) as a from person p where {S}",
    ),
    "spread of the same measure moved": (
        "select stddev(year_of_birth) as a from person p where {S} and not ({T})",
        "select stddev(year_of_birth + 1) as a from person p where {S}",
    ),
    "extreme from the other side": (
        "select min(year_of_birth) as a from person p where {S} and not ({T})",
        "select max(-year_of_birth) as a from person p where {S}",
    ),
    "quantiles side by side": (
        "select quantile_cont(year_of_birth, 0.25) as a from person p where {S} and not ({T})",
        "select quantile_cont(year_of_birth, 0.25001) as a from person p where {S}",
    ),
    "number of hidden groups": (
        "select year_of_birth, gender_concept_id, {T} as t, count(*) as n from person p where {S} and not ({T})"
        " group by all",
        "select year_of_birth, gender_concept_id, {T} as t, count(*) as n from person p where {S} group by all",
    ),
    "complement": (
        "select count(*) as n from person p",
        "select count(*) as n from person p where not ({T} and {S})",
        "select count(*) as n from person p where {S} and not ({T})",
        "select count(*) as n from person p where not ({S}) or {T}",
    ),
    "tracker": (
        "select count(*) as n from person p where {S} and gender_concept_id = 8507 or {S} and not ({T})",
        "select count(*) as n from person p where {S} and gender_concept_id = 8507 or {S}",
    ),
    "group by the target": (
        "select count(*) as n from person p where {S} and not ({T})",
        "select {T} as t, count(*) as n from person p where {S} group by rollup (1)",
    ),
    "reworded": (
        "select count(*) as n from person p where {S} and not ({T})",
        "select count(*) filter (where {S}) as n from person p",
        "select sum(case when {S} then 1 else 0 end) as n from person p",
        "select avg(case when {S} then 1.0 else 0.0 end) as n from person p",
        "select count(case when {S} then 1 end) as n from person p",
        "select count(distinct case when {S} then p.person_id end) as n from person p",
    ),
    "except": (
        "select count(*) as n from (select person_id from person p where {S} except"
        " select person_id from person p where {T})",
        "select count(*) as n from (select person_id from person p where {S} union"
        " select person_id from person p where {S} and {T})",
    ),
    "walk": tuple(
        "select count(*) as n from person p where {S} and not ({T}) or {S} and p.year_of_birth"
        f" <= {1901 + (step == 3) * 0 - (step < 3)}"
        for step in range(5)
    ),
}


@pytest.mark.parametrize("name", ALONE)
def test_one_question_tells_nothing_of_one_person(name: str, far_from_the_edge: Worlds) -> None:
    without, having = (transcript(world, (ALONE[name],)) for world in far_from_the_edge)
    assert without == having


@pytest.mark.parametrize("name", TOGETHER)
def test_questions_together_tell_nothing_of_one_person(name: str, on_the_edge: Worlds) -> None:
    without, having = (transcript(world, TOGETHER[name]) for world in on_the_edge)
    assert without == having


def test_the_worlds_can_be_told_apart(on_the_edge: Worlds) -> None:
    """The one question that must tell them apart does: the count itself moves from 40 to 45."""
    without, having = (transcript(world, ("select count(*) as n from person p where {S}",)) for world in on_the_edge)
    assert without != having
