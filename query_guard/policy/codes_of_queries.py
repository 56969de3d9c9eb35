"""Refusals of queries inside the query: CTEs, subqueries, set operations, windows, grouping sets."""

from __future__ import annotations

from query_guard.policy.code import Code

QUERY_CODES: tuple[Code, ...] = (
    Code(
        "cte-recursive",
        "WITH RECURSIVE is not available.",
        "Walk hierarchies with concept_ancestor, which holds every step.",
        "with recursive c as (select concept_id from concept union all select concept_id from c) select * from c",
    ),
    Code(
        "column-list-too-long",
        "This list names more columns than the query has.",
        "Name as many columns as it has, or fewer.",
        "select * from (select 1) as t(a, b)",
    ),
    Code(
        "values-uneven",
        "The rows of VALUES differ in length.",
        "Give every row the same number of values.",
        "select * from (values (1, 2), (3)) as v(a, b)",
    ),
    Code(
        "subquery-without-person",
        "This subquery reads other people's rows for each row.",
        "Tie it to the row's person with «x.person_id = p.person_id», or make it an aggregate over all.",
        "select count(*) from person p where exists (select 1 from death)",
    ),
    Code(
        "subquery-one-column",
        "A subquery used as a value has one column.",
        "Select one column in it.",
        "select count(*) from person where gender_concept_id in (select concept_id, domain_id from concept)",
    ),
    Code(
        "subquery-not-available",
        "This kind of subquery is not available here.",
        "Put it into FROM or WITH and join it.",
        "select count(*) from person, lateral (select 1)",
    ),
    Code(
        "rows-limited",
        "LIMIT would pick single people's rows here.",
        "Limit the groups of the last query; for a first record a person use row_number() over (partition by person_id"
        " ...) = 1.",
        "select count(*) from (select person_id from person limit 5)",
    ),
    Code(
        "set-operation-mixed",
        "The two sides of this set operation are about different things.",
        "Combine rows of people with rows of people (key with key), or results with results.",
        "select count(*) from (select person_id from person union all select concept_id from concept)",
    ),
    Code(
        "set-operation-uneven",
        "The two sides of this set operation have different numbers of columns.",
        "Select the same columns on both sides.",
        "select 1 union all select 1, 2",
    ),
    Code(
        "set-operation-without-person",
        "UNION, INTERSECT and EXCEPT of people's rows need person_id on both sides.",
        "Select person_id too, or use UNION ALL.",
        "select count(*) from (select gender_concept_id from person union select cause_concept_id from death)",
    ),
    Code(
        "window-misplaced",
        "A window stands after SELECT, in QUALIFY or in ORDER BY only.",
        "Compute it in a subquery and filter outside.",
        "select count(*) from visit_occurrence"
        " where row_number() over (partition by person_id order by visit_start_date) = 1",
    ),
    Code(
        "window-over-people",
        "This window runs over the rows of many people, in order or by something too fine.",
        "Add «partition by person_id», or leave ORDER BY out: then it is a protected total. Windows over the results of"
        " a GROUP BY are free.",
        "select count(*) from (select sum(days_supply) over (order by drug_exposure_start_date) as s from"
        " drug_exposure) where s > 5",
    ),
    Code(
        "percentile-by-hand",
        "This numbers all people's rows in order, as one does for a percentile made by hand.",
        "Ask for quantile_cont(x, 0.25), median(x) or quantile_cont(x, 0.75) directly.",
        "select count(*) from (select row_number() over (order by year_of_birth) as n from person) where n = 100",
    ),
    Code(
        "window-not-available",
        "This window is not available.",
        "Use row_number, rank, lag, lead, first_value, last_value, count, sum, avg, min, max, with ROWS BETWEEN literal"
        " numbers of rows.",
        "select gender_concept_id, nth_value(count(*), 2) over () from person group by 1",
    ),
    Code(
        "unknown-window",
        "There is no window «{name}» in this query.",
        "Define it with WINDOW w AS (...), or write it out.",
        "select gender_concept_id, rank() over w from person group by 1",
    ),
    Code(
        "grouping-sets-not-available",
        "ROLLUP, CUBE and GROUPING SETS are for groups of people only.",
        "Use UNION ALL of several GROUP BY here.",
        "select domain_id, count(*) from concept group by rollup (domain_id)",
    ),
    Code(
        "quantile-level",
        "Quantiles are given at 0.05, 0.1, 0.15 ... 0.95, eighths, thirds, 0.01, 0.025, 0.975 and 0.99.",
        "Write for example quantile_cont(x, 0.9); finer levels would find single people's ranks.",
        "select quantile_cont(year_of_birth, 0) from person",
    ),
)
