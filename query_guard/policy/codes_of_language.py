"""Refusals that know nothing of people: the text, its parts, the names in it."""

from __future__ import annotations

from query_guard.policy.code import Code

_ONE_SELECT = "Write one SELECT statement."
_PLAIN = "Ask for it with GROUP BY and count, count(distinct person_id), sum, avg or median."

LANGUAGE_CODES: tuple[Code, ...] = (
    # text and parse
    Code("query-empty", "The query holds no statement.", _ONE_SELECT, "  -- nothing"),
    Code(
        "query-too-long",
        "The query is longer than 16 KB.",
        "Shorten it; put long code lists into a reference table.",
        "select count(*) from person where gender_concept_id in (…8532)",
        "8507, " * 3000,
    ),
    Code(
        "text-not-printable",
        "The query holds characters that cannot be seen or that look like others.",
        "Type it again in plain characters; names are written in ASCII letters.",
        "select count(*) from person where gender_concept_id = 8507…",
        "\u2028",
    ),
    Code(
        "sql-not-read",
        "The query could not be read as SQL.",
        "Check the place shown; the dialect is DuckDB's.",
        "select count(*) from person where",
    ),
    Code(
        "several-statements",
        "The query holds more than one statement.",
        "Send one statement at a time.",
        "select 1; select 2",
    ),
    Code(
        "not-a-select",
        "Only SELECT is answered here; nothing can be written, set, described or copied.",
        "Write one SELECT statement; sde.tables() and sde.describe() tell what the project has.",
        "drop table person",
    ),
    Code(
        "too-complex",
        "The query is nested too deeply or holds too many parts.",
        "Ask it in smaller steps.",
        "select count(*) from person where …true",
        "not " * 100,
    ),
    # shape
    Code("construct-not-available", "This part of SQL is not available.", _PLAIN, "select [1, 2] from concept"),
    Code(
        "sample-not-allowed",
        "Samples are not taken: they would let one person be asked about many times.",
        "Ask about everybody, or about a group by its attributes.",
        "select count(*) from person using sample 10 rows",
    ),
    Code(
        "join-not-available",
        "This kind of join is not available.",
        "Use JOIN, LEFT JOIN or FULL JOIN ... ON (or USING); write a RIGHT JOIN behind other joins as LEFT JOIN.",
        "select count(*) from person p natural join death d",
    ),
    Code(
        "limit-not-a-number",
        "LIMIT and OFFSET take a whole number.",
        "Write the number, for example LIMIT 10.",
        "select gender_concept_id, count(*) from person group by 1 limit 1 + 1",
    ),
    # names
    Code(
        "unknown-table",
        "There is no table «{name}» in this project.",
        "sde.tables() lists the tables; write their names without schema or file.",
        "select count(*) from secret",
    ),
    Code(
        "unknown-column",
        "There is no column «{name}» in the tables of this query.",
        "sde.describe('table') lists the columns.",
        "select count(*) from person where nhs_number = '1'",
    ),
    Code(
        "ambiguous-column",
        "More than one table of this query has a column «{name}».",
        "Write the table's name before it.",
        "select count(distinct person_id) from person p join death d on p.person_id = d.person_id",
    ),
    Code(
        "duplicate-alias",
        "Two tables of this query have the same name.",
        "Give each its own alias.",
        "select count(*) from person p join death p on p.person_id = p.person_id",
    ),
    Code(
        "alias-in-circle",
        "The name «{name}» is explained by itself.",
        "Write the expression out.",
        "select gone + 1 as gone, count(*) from person group by all",
    ),
    Code(
        "unknown-function",
        "The function «{name}» is not on the list of allowed functions.",
        "The reference page «The SQL that the guard answers» lists them.",
        "select count(*) from person where hash(gender_concept_id) = 1",
    ),
)
