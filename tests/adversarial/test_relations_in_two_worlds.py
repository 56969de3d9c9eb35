"""Attacks through joins, lists, subqueries, windows and set operations: each is asked in two worlds that differ in one
secret of one person, and must let out the same in both.

`ALONE` and `TOGETHER` are what they are in `test_widened_guard`. The tool of most of these is a set of rows in which
all people are alike (one row each, one value each) but the one who meets the secret: whatever then differs is hers.
"""

from __future__ import annotations

import pytest

from tests.support.two_worlds import Worlds, transcript

pytestmark = pytest.mark.slow

MEETS = "exists (select 1 from person p where p.person_id = m.person_id and {T} and {S})"
#: One measurement of everybody, and all three of the person with the secret.
ONE_OR_MORE = f"measurement m where m.measurement_concept_id = 5 or {MEETS}"
JOINED = "from person p join measurement m on m.person_id = p.person_id"
BY_PERSON = (
    "(select m.person_id, count(*) as c, sum(m.days_supply) as a, min(m.days_supply) as b,"
    f" count(distinct m.measurement_concept_id) as k from {ONE_OR_MORE} group by m.person_id)"
)
VISITS = "from person p join visit_occurrence v on v.person_id = p.person_id where {S}"

ALONE = {
    # one row of everybody, more of one
    "rows": f"select count(*) as n, count(distinct m.person_id) as k from {ONE_OR_MORE}",
    "records": f"select count(distinct m.measurement_id) as n from {ONE_OR_MORE}",
    "rows by flags": f"select sum(case when m.measurement_concept_id > 0 then 1 else 0 end) as n from {ONE_OR_MORE}",
    "rows summed up": f"select sum(c) as s, avg(c) as a, max(c) as h, median(c) as m from {BY_PERSON}",
    "spread of rows": f"select stddev(c) as s, variance(c) as v from {BY_PERSON}",
    "line of rows": f"select corr(c, k) as r, regr_slope(c, k) as s from {BY_PERSON}",
    "different records summed": f"select sum(k) as s, avg(k) as a, stddev(k) as d from {BY_PERSON}",
    "rows by their number": f"select c, count(*) as n from {BY_PERSON} group by 1",
    "rows by rank": "select r, count(*) as n from (select m.person_id, rank() over (partition by m.person_id"
    f" order by m.measurement_date) as r from {ONE_OR_MORE}) group by 1",
    "product of rows": "select count(*) as n from visit_occurrence v join (select m.person_id, m.measurement_id from"
    f" {ONE_OR_MORE}) m on m.person_id = v.person_id where v.visit_start_date < DATE '2020-02-01'",
    "rows of a left join": "select count(*) as n, count(distinct p.person_id) as k from person p left join"
    f" (select m.person_id from measurement m where {MEETS}) x on x.person_id = p.person_id",
    "rows of a union": "select count(*) as n, count(distinct person_id) as k from (select person_id from person"
    f" union all select m.person_id from measurement m where {MEETS})",
    "rows left by except all": "select count(*) as n, count(distinct person_id) as k from (select m.person_id, 1 as c"
    " from measurement m where m.measurement_concept_id in (5, 6) except all select m.person_id, 1"
    f" from visit_occurrence m where not {MEETS} and m.visit_start_date < DATE '2020-02-01')",
    "rows of intersect all": "select count(*) as n from (select m.person_id, m.measurement_concept_id as c"
    f" from measurement m intersect all select m.person_id, 999 from measurement m where {MEETS})",
    # one value of everybody, another of one
    "line of two sums": f"select corr(a, b) as c, regr_slope(a, b) as s from {BY_PERSON}",
    "spread of a difference": f"select stddev(a - b) as d from {BY_PERSON}",
    "mean of a ratio": f"select avg(a / b) as r from {BY_PERSON}",
    "sum of a difference": f"select sum(a - b) as s, avg(a - b) as m, max(a - b) as h from {BY_PERSON}",
    "different values chosen": "select count(distinct case when {T} and {S} then 1 when gender_concept_id = 8507 then 2"
    " else 3 end) as n from person p",
    "different values listed": "select count(distinct v.k) as n from person p join (values (1901, 1), (1940, 2),"
    " (1950, 3), (1960, 2), (1970, 3), (1980, 2)) v(y, k) on v.y = p.year_of_birth where not ({T}) or {S}",
    # one number stretched by a condition
    "default of lag": "select sum(x) as s from (select p.person_id, lag(m.days_supply, 999, case when {T} and {S} then"
    f" 100000 else 30 end) over (partition by p.person_id order by m.measurement_date) as x {JOINED})",
    "default of lead": "select sum(x) as s, max(x) as h from (select m.person_id, lead(m.days_supply, 1, 100000) over"
    f" (partition by m.person_id order by m.measurement_date) as x from {ONE_OR_MORE})",
    "stretched in a union": "select sum(x) as s, avg(x) as a, stddev(x) as d from (select person_id, year_of_birth as x"
    f" from person union all select m.person_id, m.days_supply * 100000 from measurement m where {MEETS})",
    "stretched in a union of different rows": "select sum(x) as s from (select person_id, year_of_birth as x"
    f" from person union select m.person_id, m.days_supply * 100000 from measurement m where {MEETS})",
    "dates written into a union": "select avg(date_diff('day', DATE '2020-01-01', d)) as s from (select person_id,"
    " DATE '2020-01-02' as d from person union all select m.person_id, DATE '9999-01-01' from visit_occurrence m"
    f" where {MEETS})",
    "dates moved in a union": "select avg(date_diff('day', DATE '2020-01-01', d)) as s from (select person_id,"
    " death_date as d from death union all select m.person_id, m.visit_start_date + interval 9000 year"
    f" from visit_occurrence m where {MEETS})",
    "powers": "select sum(a * a * a * a * a * a * a * a * a * a * a * a * a * a * a * a) as s from " + BY_PERSON,
    # lists
    "not in, of a person who is not there": "select count(*) as n from person a left join death d on d.person_id ="
    " a.person_id where d.person_id not in (select p.person_id from person p where {T} and {S})",
    "whether a list is empty": "select count(*) as n from person a left join death d on d.person_id = a.person_id"
    " where (d.person_id in (select p.person_id from person p where {T} and {S})) is null",
    "whether a list of records is empty": "select count(*) as n from person a left join measurement q on q.person_id ="
    " a.person_id and q.measurement_concept_id = 77 where (q.visit_occurrence_id in (select v.visit_occurrence_id from"
    " visit_occurrence v join person p on p.person_id = v.person_id where {T} and {S})) is null",
    "list after a full join": "select count(*) as n from death d full join person a on a.person_id = d.person_id"
    " where d.person_id not in (select p.person_id from person p where {T} and {S})",
    "list of codes": "select count(*) as n from measurement a where a.measurement_concept_id not in"
    f" (select m.measurement_concept_id from measurement m where {MEETS} group by 1)",
    "list in an outer join": "select count(*) as n, count(d.person_id) as k from person a left join visit_occurrence d"
    " on d.person_id = a.person_id and a.person_id in (select p.person_id from person p where {T} and {S})",
    # subqueries
    "two deep": "select count(*) as n from person a where exists (select 1 from visit_occurrence v where v.person_id ="
    " a.person_id and exists (select 1 from person p where p.person_id = a.person_id and {T} and {S}))",
    "exists in an outer join": "select count(*) as n, count(d.person_id) as k from person a left join death d on"
    " d.person_id = a.person_id and exists (select 1 from person p where p.person_id = d.person_id and {T} and {S})",
    "a value of nobody's": f"select count(*) as n from person a where (select count(*) from measurement m where"
    f" m.person_id = a.person_id and {MEETS}) is not null",
    "a published value": "select count(*) as n from person a where a.year_of_birth > coalesce((select"
    " avg(p.year_of_birth) from person p where {T} and {S}), 1900)",
    "groups that are not there": "with few as (select p.year_of_birth as y, count(*) as n from person p where {T} and"
    " {S} group by 1) select count(*) as n from person a left join few on few.y = a.year_of_birth where few.n is null",
    "groups that two questions share": "select count(*) as n from (select p.year_of_birth from person p where {S} and"
    " {T} group by 1 intersect select year_of_birth from person group by 1)",
    "groups of two questions": "select count(*) as n from (select p.gender_concept_id as g, count(*) as n from person p"
    " where {S} and {T} group by 1 union select gender_concept_id, count(*) from person group by 1)",
    # joins
    "full join by coalesced person": "select count(*) as n, count(distinct person_id) as m from (select"
    " coalesce(a.person_id, b.person_id) as person_id from (select p.person_id from person p where {S}) a full join"
    " (select p.person_id from person p where {T}) b on a.person_id = b.person_id)",
    "only on one side of a full join": "select count(*) as n from (select p.person_id from person p where {S}) a"
    " full join (select p.person_id from person p where not ({T})) b using (person_id) where a.person_id is null",
    "semi join": "select count(*) as n from person a semi join (select p.person_id from person p where {T} and {S}) b"
    " on a.person_id = b.person_id",
    "rest of an anti join": "select count(*) as n from person a anti join (select"
    " p.person_id from person p where {T} and {S}) b on a.person_id = b.person_id",
    "values that repeat": "select count(distinct p.person_id) as n, count(*) as r from person p join (values (1901),"
    " (1901), (1950)) v(y) on v.y = p.year_of_birth where {S}",
    "distinct on": "select count(*) as n from (select distinct on (p.person_id) p.person_id, m.measurement_concept_id"
    f" as c {JOINED} where {{T}} order by p.person_id, m.measurement_date) where c = 999",
    "product that takes too long": "select count(*) as n from measurement m "
    + " ".join(f"join measurement m{place} on m{place}.person_id = m.person_id" for place in range(6))
    + f" where {MEETS}",
    "reference data that take too long": "select count(*) as n from measurement m cross join concept a cross join"
    f" concept b cross join concept c cross join concept d where {MEETS}",
    # set operations
    "intersect all": "select count(*) as n from (select person_id from person p where {S} intersect all"
    " select person_id from person p where not ({T}))",
    "except all of two tables": "select count(*) as n from ((select person_id from person union all"
    " select person_id from death) except all select person_id from person p where not ({T} and {S}))",
    "union, then intersect": "select count(*) as n from ((select person_id from person p where {S} union"
    " select person_id from death) intersect (select person_id from person p where {T} union all"
    " select person_id from death))",
    "withheld on both sides": "select count(x) as n from (select p.person_id, avg(p.year_of_birth) over () as x"
    " from person p where {S} union all select m.person_id, avg(m.days_supply) over () from measurement m)",
}

WITHOUT = "select count(*) as n from person p where {S} and not ({T})"
TOGETHER = {
    "in": (
        WITHOUT,
        "select count(*) as n from person a where a.person_id in (select p.person_id from person p where {S})",
    ),
    "not in": (
        "select count(*) as n from person a where a.person_id not in"
        " (select p.person_id from person p where not ({S}) or {T})",
        "select count(*) as n from person p where {S}",
    ),
    "exists": (
        WITHOUT,
        "select count(*) as n from person a where exists (select 1 from person p where p.person_id = a.person_id"
        " and {S})",
    ),
    "not exists": (
        WITHOUT,
        "select count(*) as n from person a where not exists (select 1 from person p where p.person_id = a.person_id"
        " and not ({S}))",
    ),
    "a count as a condition": (
        WITHOUT,
        "select count(*) as n from person p where (select count(*) from measurement m where m.person_id = p.person_id"
        " and m.measurement_concept_id = 999) > 0",
    ),
    "semi join": (
        WITHOUT,
        "select count(*) as n from person a semi join (select p.person_id from person p where {S}) b"
        " on a.person_id = b.person_id",
    ),
    "anti join": (
        WITHOUT,
        "select count(*) as n from person a anti join (select p.person_id from person p where not ({S})) b"
        " on a.person_id = b.person_id",
    ),
    "left join to nobody": (
        WITHOUT,
        "select count(*) as n from person a left join (select p.person_id from person p where not ({S})) b"
        " on b.person_id = a.person_id where b.person_id is null",
    ),
    "left join to somebody": (
        WITHOUT,
        "select count(b.person_id) as n from person a left join (select p.person_id from person p where {S}) b"
        " on b.person_id = a.person_id",
    ),
    "full join": (
        WITHOUT,
        "select count(*) as n from (select p.person_id from person p where {S} and not ({T})) a full join"
        " (select p.person_id from person p where {S} and {T}) b on a.person_id = b.person_id",
    ),
    "values": (WITHOUT, "select count(*) as n from person p join (values (true)) v(x) on v.x = ({S})"),
    "union": (
        WITHOUT,
        "select count(*) as n from (select p.person_id from person p where {S} and not ({T}) union"
        " select p.person_id from person p where {S} and {T})",
    ),
    "intersect": (
        WITHOUT,
        "select count(*) as n from (select p.person_id from person p where {S} intersect"
        " select p.person_id from person p)",
    ),
    "except all": (
        WITHOUT,
        "select count(*) as n from (select p.person_id from person p where {S} except all"
        " select p.person_id from person p where {S} and {T} and p.year_of_birth < 0)",
    ),
    "groups of a person": (WITHOUT, f"select count(*) as n from (select p.person_id {VISITS} group by p.person_id)"),
    "distinct people": (WITHOUT, f"select count(*) as n from (select distinct p.person_id {VISITS})"),
    "having": (
        WITHOUT,
        f"select count(*) as n from (select p.person_id {JOINED} group by p.person_id"
        " having bool_or(m.measurement_concept_id = 999))",
    ),
    "first row of each": (
        WITHOUT,
        "select count(*) as n from (select p.person_id, row_number() over (partition by p.person_id"
        f" order by v.visit_start_date) as r {VISITS}) where r = 1",
    ),
    "first row of each, qualified": (
        WITHOUT,
        f"select count(*) as n from (select p.person_id {VISITS} qualify row_number() over (partition by p.person_id"
        " order by v.visit_start_date) = 1)",
    ),
    "two rows each": (f"select count(*) as n {VISITS} and not ({{T}})", f"select count(*) as n {VISITS}"),
    "two rows each, summed": (
        f"select sum(c) as n from (select p.person_id, count(*) as c {VISITS} and not ({{T}}) group by 1)",
        f"select sum(c) as n from (select p.person_id, count(*) as c {VISITS} group by 1)",
    ),
    "two rows each and their records": (
        f"select count(*) as n {VISITS} and not ({{T}})",
        f"select count(distinct v.visit_occurrence_id) as n {VISITS}",
    ),
    "three rows each and two": (
        f"select count(*) as n {JOINED} where {{S}} and not ({{T}})",
        f"select count(*) as n {VISITS}",
    ),
    "flags by person": (
        WITHOUT,
        "select sum(f) as n from (select p.person_id, case when {S} then 1 else 0 end as f from person p)",
    ),
    "the secret as a key": (
        WITHOUT,
        "select count(*) filter (where f) as n from (select p.person_id, {S} as f from person p)",
    ),
    "joined with shown groups": (
        WITHOUT,
        "with t as (select {S} as f, count(*) as n from person p group by 1) select count(*) as n from person p"
        " join t on t.f = ({S}) where t.f",
    ),
}


@pytest.mark.parametrize("name", ALONE)
def test_one_question_over_relations_tells_nothing(name: str, far_from_the_edge: Worlds) -> None:
    without, having = (transcript(world, (ALONE[name],)) for world in far_from_the_edge)
    assert without == having


@pytest.mark.parametrize("name", TOGETHER)
def test_questions_over_relations_tell_nothing_together(name: str, on_the_edge: Worlds) -> None:
    without, having = (transcript(world, TOGETHER[name]) for world in on_the_edge)
    assert without == having
