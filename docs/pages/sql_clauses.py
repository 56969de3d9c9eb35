"""The words of the reference page on SQL: clauses, joins and queries inside the query. Tables as in `sql_outcomes`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Clause:
    """One line: how it is written, a whole query that has it over people's rows and one over results or reference
    tables (empty: it makes no sense there), and what to know."""

    written: str
    people: str
    results: str
    note: str = ""


CLAUSES = (
    Clause(
        "`SELECT a, b AS c`",
        "SELECT count(*) AS n FROM (SELECT person_id, code, value AS v FROM event) AS e",
        "SELECT code, label AS l FROM reference",
        "rows about people only inside a query that groups them",
    ),
    Clause(
        "`SELECT *`, `t.*`, `* EXCLUDE (a)`",
        "SELECT count(*) FROM (SELECT * FROM event)",
        "SELECT r.*, * EXCLUDE (code) FROM reference AS r",
    ),
    Clause(
        "`SELECT DISTINCT`",
        "SELECT count(*) FROM (SELECT DISTINCT person_id, code FROM event)",
        "SELECT DISTINCT label FROM reference",
        "of people's groupable columns alone it is a GROUP BY: only values that enough people share",
    ),
    Clause(
        "`SELECT DISTINCT ON (a)`",
        "SELECT count(*) FROM (SELECT DISTINCT ON (person_id) person_id, code FROM event ORDER BY day)",
        "SELECT DISTINCT ON (label) label, code FROM reference ORDER BY code",
        "the first row of each `a` by ORDER BY; of people with `person_id` first",
    ),
    Clause("`WHERE`", "SELECT count(*) FROM event WHERE value > 3", "SELECT code FROM reference WHERE value > 3"),
    Clause(
        "`GROUP BY a`, positions, `ALL`, expressions",
        "SELECT code, year(day), count(*) FROM event GROUP BY ALL",
        "SELECT label, count(*) FROM reference GROUP BY 1",
    ),
    Clause(
        "`GROUP BY person_id`",
        "SELECT count(*) FROM (SELECT person_id, max(value) AS top FROM event GROUP BY person_id) WHERE top > 3",
        "",
        "one row for each person, still about people",
    ),
    Clause(
        "`ROLLUP`, `CUBE`, `GROUPING SETS`, `grouping(a)`",
        "SELECT code, label, count(*), grouping(code, label) FROM event GROUP BY ROLLUP (code), CUBE (label)",
        "SELECT code, count(*) FROM reference GROUP BY GROUPING SETS ((code), ())",
        "at most 16 sets; margins that would give a hidden cell away are hidden",
    ),
    Clause(
        "`HAVING`",
        "SELECT code, count(*) FROM event GROUP BY code HAVING count(*) > 50",
        "SELECT label, count(*) FROM reference GROUP BY label HAVING count(*) > 5",
        "over people it judges the published values",
    ),
    Clause(
        "`QUALIFY`",
        "SELECT count(*) FROM (SELECT person_id FROM event QUALIFY row_number() OVER (PARTITION BY person_id"
        " ORDER BY day) = 1)",
        "SELECT code, count(*) AS n FROM event GROUP BY code QUALIFY rank() OVER (ORDER BY n DESC) <= 3",
    ),
    Clause(
        "`WINDOW w AS (...)`",
        "SELECT count(*) FROM (SELECT lag(value) OVER w AS b FROM event WINDOW w AS (PARTITION BY person_id"
        " ORDER BY day)) WHERE b > 1",
        "SELECT code, rank() OVER w FROM reference WINDOW w AS (ORDER BY value)",
    ),
    Clause(
        "`ORDER BY a DESC NULLS LAST`, positions, `ALL`",
        "SELECT count(*) FROM (SELECT person_id FROM event ORDER BY day)",
        "SELECT code, count(*) AS n FROM event GROUP BY code ORDER BY n DESC NULLS LAST, 1",
        "ties are broken by the other columns, so that an answer is repeatable",
    ),
    Clause(
        "`LIMIT`, `OFFSET`",
        "SELECT count(*) FROM (SELECT person_id FROM event LIMIT 5)",
        "SELECT code, count(*) FROM event GROUP BY code ORDER BY 2 DESC LIMIT 5 OFFSET 5",
        "whole numbers, written out",
    ),
    Clause(
        "`UNION ALL`",
        "SELECT count(DISTINCT person_id) FROM (SELECT person_id FROM event UNION ALL SELECT person_id FROM person)",
        "SELECT code FROM reference UNION ALL SELECT code FROM (SELECT code, count(*) AS n FROM event GROUP BY code)",
        "people with people, results with results or reference tables",
    ),
    Clause(
        "`UNION`, `INTERSECT`, `EXCEPT`",
        "SELECT count(*) FROM (SELECT person_id FROM person EXCEPT SELECT person_id FROM event)",
        "(SELECT code FROM reference UNION SELECT code + 1 FROM reference) INTERSECT SELECT code FROM reference",
        "of people with `person_id` in the same place on both sides",
    ),
    Clause(
        "`VALUES (1, 'a'), (2, 'b')`",
        "SELECT v.b, count(*) FROM event JOIN (VALUES (1, 'a'), (2, 'b')) AS v(a, b) ON v.a = code GROUP BY v.b",
        "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(a, b)",
        "a reference table of your own: bands, calendars, code lists",
    ),
    Clause(
        "`TABLESAMPLE`, `USING SAMPLE`",
        "SELECT count(*) FROM event USING SAMPLE 10 ROWS",
        "SELECT code FROM reference USING SAMPLE 10 ROWS",
    ),
)
JOINS = (
    Clause(
        "`JOIN ... ON a.person_id = b.person_id`",
        "SELECT count(*) FROM person AS p JOIN event AS e ON e.person_id = p.person_id AND e.value > p.value",
        "SELECT r.code FROM reference AS r JOIN reference AS s ON r.code = s.number",
        "people's tables always with this equality, directly or along a chain; or by the key of a record of both",
    ),
    Clause(
        "`JOIN ... USING (a)`",
        "SELECT count(*) FROM person JOIN event USING (person_id)",
        "SELECT code FROM reference JOIN reference AS s USING (code)",
    ),
    Clause(
        "`JOIN ... ON` without the person", "SELECT count(*) FROM person AS p JOIN event AS e ON e.code = p.code", ""
    ),
    Clause(
        "`LEFT JOIN`",
        "SELECT count(*) FROM person AS p LEFT JOIN event AS e ON e.person_id = p.person_id WHERE e.code IS NULL",
        "SELECT r.code FROM reference AS r LEFT JOIN reference AS s ON r.code = s.number",
        "people's table first: a row that belongs to nobody is not kept",
    ),
    Clause(
        "`RIGHT JOIN`",
        "SELECT count(*) FROM event AS e RIGHT JOIN person AS p ON e.person_id = p.person_id",
        "SELECT r.code FROM reference AS r RIGHT JOIN reference AS s ON r.code = s.number",
        "as the only join of its FROM; behind others write LEFT JOIN",
    ),
    Clause(
        "`FULL JOIN`",
        "SELECT count(*) FROM person AS p FULL JOIN event AS e ON e.person_id = p.person_id",
        "SELECT r.code, p.n FROM reference AS r FULL JOIN (SELECT code, count(*) AS n FROM event GROUP BY code) AS p"
        " ON r.code = p.code",
    ),
    Clause(
        "`SEMI JOIN`, `ANTI JOIN`",
        "SELECT count(*) FROM person AS p ANTI JOIN event AS e ON e.person_id = p.person_id",
        "SELECT code FROM reference AS r SEMI JOIN reference AS s ON r.code = s.number",
    ),
    Clause(
        "`CROSS JOIN`, comma",
        "SELECT count(*) FROM event, (SELECT avg(value) AS mean FROM event) AS a WHERE value > mean",
        "SELECT r.code FROM reference AS r CROSS JOIN reference AS s",
        "of people with a result of one row, or with a reference table (then rows are not counted, people are)",
    ),
    Clause(
        "`NATURAL JOIN`",
        "SELECT count(*) FROM person NATURAL JOIN event",
        "SELECT r.code FROM reference AS r NATURAL JOIN reference AS s",
    ),
    Clause(
        "`LATERAL`",
        "SELECT count(*) FROM person AS p, LATERAL (SELECT p.code) AS x",
        "SELECT r.code FROM reference AS r, LATERAL (SELECT r.value) AS x",
    ),
)
SUBQUERIES = (
    Clause(
        "`WITH a AS (...), b AS (...)`",
        "WITH a AS (SELECT person_id FROM event), b AS (SELECT person_id FROM a) SELECT count(*) FROM b",
        "WITH a AS (SELECT code, count(*) AS n FROM event GROUP BY code) SELECT max(n) FROM a",
        "as many as you like, up to the limits below",
    ),
    Clause(
        "`WITH RECURSIVE`",
        "WITH RECURSIVE a AS (SELECT person_id FROM event UNION SELECT person_id FROM a) SELECT count(*) FROM a",
        "WITH RECURSIVE a AS (SELECT code FROM reference UNION SELECT code + 1 FROM a) SELECT code FROM a",
        "`concept_ancestor` holds every step of the hierarchy",
    ),
    Clause(
        "`FROM (SELECT ...) AS a(b, c)`",
        "SELECT count(*) FROM (SELECT person_id, value FROM event) AS e(who, what) WHERE what > 3",
        "SELECT max(n) FROM (SELECT code, count(*) AS n FROM event GROUP BY code) AS c(c, n)",
    ),
    Clause(
        "`EXISTS (SELECT ... WHERE x.person_id = p.person_id)`",
        "SELECT count(*) FROM person AS p WHERE NOT EXISTS (SELECT 1 FROM event AS e WHERE e.person_id = p.person_id)",
        "SELECT code FROM reference AS r WHERE EXISTS (SELECT 1 FROM reference AS s WHERE s.number = r.code)",
        "tied to the row's person",
    ),
    Clause(
        "`person_id IN (SELECT person_id ...)`",
        "SELECT count(*) FROM person WHERE person_id NOT IN (SELECT person_id FROM event WHERE value > 3)",
        "",
        "NULLs in the list are left out",
    ),
    Clause(
        "`code IN (SELECT ...)`",
        "SELECT count(*) FROM event WHERE code IN (SELECT code FROM reference WHERE label LIKE 'A%')",
        "SELECT code FROM reference WHERE code IN (SELECT number FROM reference)",
        "of people's codes those that enough people share",
    ),
    Clause(
        "`x > (SELECT avg(...) ...)`",
        "SELECT count(*) FROM event WHERE value > (SELECT avg(value) FROM event)",
        "SELECT code FROM reference WHERE value > (SELECT avg(value) FROM reference)",
        "over people a published value: it is protected first",
    ),
    Clause(
        "`(SELECT max(...) ... WHERE x.person_id = p.person_id)`",
        "SELECT count(*) FROM person AS p"
        " WHERE (SELECT max(e.value) FROM event AS e WHERE e.person_id = p.person_id) > 3",
        "SELECT code, (SELECT max(s.value) FROM reference AS s WHERE s.number = r.code) FROM reference AS r",
    ),
)
