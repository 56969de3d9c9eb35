"""Refusals that protect people: the person data flow, expressions, grouping and aggregates."""

from __future__ import annotations

from query_guard.policy.code import Code

_PLAIN = "Ask for it with GROUP BY and count, count(distinct person_id), sum, avg or median."

PEOPLE_CODES: tuple[Code, ...] = (
    # person data flow
    Code(
        "rows-not-shown",
        "This asks for rows of a table about people; only aggregates leave.",
        _PLAIN,
        "select * from person limit 1",
    ),
    Code(
        "join-without-person",
        "Tables about people are joined only row to row of the same person.",
        "Add «a.person_id = b.person_id» to the ON of this join.",
        "select count(*) from person a join death b on a.gender_concept_id = b.cause_concept_id",
    ),
    Code(
        "join-too-wide",
        "Too many tables with several rows of a person meet each with each here.",
        "Bring tables to one row a person first (SELECT person_id, count(*) ... GROUP BY person_id), or tie records"
        " by a key such as visit_occurrence_id.",
        "select count(*) from measurement a join measurement b on b.person_id = a.person_id join measurement c on"
        " c.person_id = a.person_id join measurement d on d.person_id = a.person_id",
    ),
    Code(
        "join-keeps-nobody",
        "This join would keep rows that belong to nobody, and something asks for just these.",
        "Start FROM with the table about people and LEFT JOIN the reference table to it.",
        "select count(*) from concept c left join person p on p.gender_concept_id = c.concept_id where p.person_id is"
        " null",
    ),
    Code(
        "person-key-use",
        "person_id is only for joins (a.person_id = b.person_id) and count(distinct person_id).",
        "Group or filter by attributes of people instead.",
        "select count(*) from person where person_id = 7",
    ),
    Code(
        "row-key-use",
        "«{name}» numbers single records: it is only for joins inside one person, count and count(distinct ...).",
        "Group or filter by what the record says instead.",
        "select count(*) from visit_occurrence where visit_occurrence_id = 7",
    ),
    # expressions
    Code(
        "type-mismatch",
        "These two values are of kinds that cannot be used together.",
        "Compare numbers with numbers, text with 'text', dates with DATE '2020-01-31'.",
        "select count(*) from person where gender_concept_id = 'female'",
    ),
    Code(
        "number-out-of-range",
        "This number is too large.",
        "Use a number that a DOUBLE can hold.",
        "select count(*) from person where year_of_birth < 1e400",
    ),
    Code(
        "date-not-read",
        "This text is not a date.",
        "Write DATE '2020-01-31' or TIMESTAMP '2020-01-31 12:00:00'.",
        "select count(*) from visit_occurrence where visit_start_date > 'yesterday'",
    ),
    Code(
        "date-part-not-available",
        "This part of a date is not available.",
        "Use year, quarter or month (date_diff also counts day and week).",
        "select date_trunc('hour', visit_start_date), count(*) from visit_occurrence group by 1",
    ),
    Code(
        "pattern-not-literal",
        "A pattern or a position must be written out as a literal.",
        "Write the text itself, for example LIKE 'A%'.",
        "select count(*) from concept where concept_name like domain_id",
    ),
    Code(
        "private-text-cut",
        "Text about people is not cut, measured or made from numbers: pieces of it pick out single people.",
        "Compare the whole value, or use LIKE on a groupable column.",
        "select count(*) from measurement where cast(value_as_number as varchar) like '%5'",
    ),
    Code(
        "private-extreme",
        "greatest and least are not used on columns about people: sweeping the bound would find single values.",
        "Use CASE with fixed bands; sums and means are clamped to the catalogue's bounds anyway.",
        "select count(*) from measurement where least(value_as_number, 3) = 3",
    ),
    Code(
        "division-not-available",
        "Remainders and whole-number division by anything but a fixed number are not available.",
        "Use floor(x / 10) * 10 for bands.",
        "select count(*) from person where year_of_birth % 2 = 0",
    ),
    Code(
        "cast-not-available",
        "This conversion is not available.",
        "Convert to BIGINT, DOUBLE, DATE or TIMESTAMP; numbers about people stay numbers.",
        "select count(*) from person where cast(year_of_birth as blob) = 'x'",
    ),
    # grouping and aggregates
    Code(
        "not-grouped",
        "«{name}» is neither grouped nor aggregated.",
        "Add it to GROUP BY, or aggregate it.",
        "select year_of_birth, count(*) from person group by gender_concept_id",
    ),
    Code(
        "key-too-fine",
        "This value is too fine to group by.",
        "Group dates by year, quarter or month and measures by bands such as floor(x / 10) * 10 (widths 1, 2, 5 times a"
        " power of ten).",
        "select visit_start_date, count(*) from visit_occurrence group by 1",
    ),
    Code(
        "position-out-of-range",
        "There is no output column at this position.",
        "Count the columns after SELECT from 1.",
        "select gender_concept_id, count(*) from person group by 9",
    ),
    Code(
        "distinct-not-available",
        "DISTINCT is not available here.",
        "Inside aggregates only count(distinct x); SELECT DISTINCT takes groupable columns.",
        "select sum(distinct days_supply) from drug_exposure",
    ),
    Code(
        "aggregate-misplaced",
        "An aggregate cannot stand here.",
        "Use aggregates after SELECT, in HAVING and in ORDER BY, and not inside one another.",
        "select count(*) from person where count(*) > 5",
    ),
    Code(
        "aggregate-not-available",
        "The aggregate «{name}» is not available yet.",
        "Available are count, sum, avg, min, max, median, quantile_cont, stddev, variance, corr, covar and regr_...",
        "select skewness(year_of_birth) from person",
    ),
    Code(
        "aggregate-not-releasable",
        "The aggregate «{name}» hands out values of single people and is never released.",
        "Use count by group: the groups of at least the threshold show the values.",
        "select any_value(year_of_birth) from person",
    ),
    Code(
        "measure-not-quantity",
        "Only quantities are summed or averaged: measure columns (or columns with bounds), date differences, and CASE"
        " with fixed results.",
        "Use count by group for codes; conditions go into FILTER (WHERE ...) or CASE.",
        "select sum(gender_concept_id) from person",
    ),
    Code(
        "measure-mixed",
        "A CASE that is summed has either only fixed numbers as results, or one quantity beside 0 and NULL.",
        "Write several sums and add them outside: sum(a) filter (where ...) + sum(b) filter (where ...).",
        "select sum(case when value_as_number > 3 then value_as_number else 5 end) from measurement",
    ),
    Code(
        "guard-failed",
        "The guard could not plan this query and refused it to be safe.",
        "Ask it in another form; the operators see that it happened.",
        "",
    ),
)
