"""The SQL that the query guard answers: every line is put to the guard's own planner when the page is made."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from docs.pages import sql_outcomes as outcomes
from docs.pages.sql_aggregates import AGGREGATES, MEASURES, WINDOWS
from docs.pages.sql_clauses import CLAUSES, JOINS, SUBQUERIES, Clause
from docs.pages.sql_functions import CHOICES, CONDITIONS, CONVERSIONS, DATES, NUMBERS, TEXTS, Line
from governance.settings import Settings
from query_guard.policy.check_shape import DEEPEST_TREE, MOST_NODES
from query_guard.policy.reading.tokens import MOST_JOINS
from query_guard.policy.reading.values import LONGEST_TEXTS, MOST_IN_LIST, MOST_PARAMETERS
from query_guard.policy.relations.build import MOST_RELATIONS, MOST_STEPS
from query_guard.policy.relations.clauses import MOST_LEVELS

YES = "yes"
WITHHELD = "withheld"
_INTRODUCTION = """# The SQL that the guard answers

One SELECT in DuckDB's SQL, or in another [dialect](../how-to/other-dialects.md) that is translated into it. What is not
on this page is refused. A test compares the page with the guard's own lists.

A word in the tables is either **yes** or the [code of the refusal](query-refusals.md). Three kinds of rows are told
apart:

- **people**: rows of tables about people, and whatever is selected from them before it is grouped;
- **results**: what a GROUP BY over people has made. Only published values are left in it, so everything further
  (ratios, windows, joins of results, more grouping) is computed freely;
- **reference**: `concept` and its kin, and `VALUES` of your own.

The lines use these columns: `code` (a whole number), `label`, `note` (text) and `flag` (true or false) may be grouped
by; `day` and `other_day` are dates; `value`, `other_value` and `number` (whole numbers) are measures. What each column
of your project is, `sde.describe('table')` says."""


def page() -> str:
    """The whole page."""
    return "\n\n".join([_INTRODUCTION, *_clauses(), *_functions(), *_aggregates(), *_windows(), _limits()])


def _clauses() -> Iterable[str]:
    yield "## Clauses"
    yield _clause_table(CLAUSES)
    yield "## Joins"
    yield _clause_table(JOINS)
    yield (
        "A reference table that repeats people's rows (two rows of it meet one record) hides counts of rows, sums and"
        " means; counts of people stay."
    )
    yield "## Queries inside the query"
    yield _clause_table(SUBQUERIES)


def _clause_table(clauses: Iterable[Clause]) -> str:
    rows = (
        (clause.written.replace("|", "\\|"), _said(clause.people), _said(clause.results), clause.note)
        for clause in clauses
    )
    return _table(("written", "people", "results and reference", ""), rows)


def _said(sql: str) -> str:
    return _word(outcomes.code_of(sql)) if sql else ""


def _functions() -> Iterable[str]:
    yield (
        "## Functions and operators\n\n*Key*: whether groups of people may be formed by it. Every function gives NULL"
        " where another database would stop with an error, because an error could tell of a record."
    )
    yield "### Conditions\n\n" + _function_table(CONDITIONS)
    yield "### Choices\n\n" + _function_table(CHOICES)
    yield "### Numbers\n\n" + _function_table(NUMBERS)
    yield "### Conversions\n\n" + _function_table(CONVERSIONS)
    yield "### Text\n\n" + _function_table(TEXTS)
    yield "### Dates\n\n" + _function_table(DATES)


def _function_table(lines: Iterable[Line]) -> str:
    rows = (
        (
            _code(line.sql),
            _word(outcomes.of_people(line.sql)),
            _word(outcomes.as_key(line.sql)),
            _word(outcomes.of_reference(line.sql) or outcomes.of_results(line.sql)),
            line.note,
        )
        for line in lines
    )
    return _table(("SQL", "people", "key", "results and reference", ""), rows)


def _aggregates() -> Iterable[str]:
    yield (
        "## Aggregates\n\n*Over people* says what is released: a kind of number of the next table; *withheld*, a column"
        " without value that says why, while the rest is answered (a query that asks for nothing else is refused with"
        " that reason); or a code. *One person*: inside a GROUP BY person_id, where everything stays about people."
    )
    rows = (
        (
            _code(line.sql),
            _released(outcomes.released(line.sql)),
            _word(outcomes.inside_person(line.sql)),
            _word(outcomes.aggregated(line.sql)),
            line.note,
        )
        for line in AGGREGATES
    )
    yield _table(("SQL", "over people", "one person", "results and reference", ""), rows)
    yield (
        "### What is done with each kind of number\n\nAll are hidden where fewer people than the threshold contribute,"
        " and all are given the value of an earlier answer about nearly the same people. The numbers are those of the"
        " profile `nhs-sde`; [profiles](disclosure-profiles.md) lists the others, [disclosure"
        " control](../explanation/disclosure-control.md) explains the [rules](disclosure-rules.md). Where a query"
        " brings in people's rows more than once, all kinds but people, different values and extremes are hidden."
    )
    yield _table(("kind", "released as", "also hidden for"), ((name, how, why) for name, how, why in MEASURES.values()))
    yield _other_aggregates()


def _released(found: str) -> str:
    kinds = [MEASURES[measure][0] for measure in MEASURES if measure in found.split(",")]
    return ", ".join(kinds) or _word(found)


def _other_aggregates() -> str:
    """DuckDB's further aggregates by what becomes of them over people."""
    with duckdb.connect() as engine:
        listed = engine.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
        )
        names = sorted(name for (name,) in listed.fetchall() if name.isidentifier())
    shown = " ".join(line.sql for line in AGGREGATES)
    found: dict[str, list[str]] = {WITHHELD: [], "unknown-function": []}
    for name in names:
        outcome = outcomes.released(f"{name}(value)")
        elsewhere = outcomes.aggregated(f"{name}(value)")
        if outcome in found and elsewhere in (outcome, "aggregate-not-available") and f"{name}(" not in shown:
            found[outcome].append(f"`{name}`")
    return (
        "### Other aggregates of DuckDB\n\nWithheld over people, and not available elsewhere: "
        + ", ".join(found[WITHHELD])
        + ".\n\nRefused (`unknown-function`): "
        + ", ".join(found["unknown-function"])
        + "."
    )


def _windows() -> Iterable[str]:
    yield (
        "## Windows\n\nWith PARTITION BY, ORDER BY and ROWS BETWEEN literal numbers of rows (RANGE only UNBOUNDED and"
        " CURRENT ROW). *One person*: with `PARTITION BY person_id`. *Many people*: with an ORDER BY, what its value"
        " would say if it were used; a column that only aggregates it is withheld. Without one, or with ROWS BETWEEN"
        " UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING, every aggregate that is released may stand here: each row has"
        " the published value of its group. Over results a window leaves hidden cells out and its column says so."
    )
    rows = (
        (
            _code(f"{line.sql} OVER (...)"),
            _word(outcomes.window_of_results(line.sql)),
            _word(outcomes.window_of_person(line.sql)),
            _word(outcomes.window_of_many(line.sql)),
            line.note or _unheeded(line.sql),
        )
        for line in WINDOWS
    )
    yield _table(("SQL", "results", "one person", "many people", ""), rows)


def _unheeded(function: str) -> str:
    """What to know of a window whose words about NULL do not reach the engine."""
    ignored = "IGNORE NULLS" in function and not outcomes.reaches_engine(function, "IGNORE NULLS")
    return "**IGNORE NULLS is read and has no effect**" if ignored else ""


def _limits() -> str:
    rows = (
        ("length of the text", f"{Settings.model_fields['query_bytes'].default:,} bytes"),
        ("nesting, parts of the statement", f"{DEEPEST_TREE} deep, {MOST_NODES:,} parts, {MOST_JOINS} joins"),
        ("queries inside the query", f"{MOST_RELATIONS}, executed in at most {MOST_STEPS} steps"),
        ("grouping sets", str(MOST_LEVELS)),
        ("parameters", f"{MOST_PARAMETERS}; {MOST_IN_LIST:,} values in a list; {LONGEST_TEXTS // 1024} KB of text"),
        ("rows of the answer", f"{Settings.model_fields['query_rows'].default:,}"),
        (
            "time, memory",
            f"{Settings.model_fields['query_seconds'].default:g} s,"
            f" {Settings.model_fields['query_memory_bytes'].default // 2**20:,} MiB",
        ),
    )
    return "## Limits\n\nAs they are unless the operator sets others.\n\n" + _table(("what", "at most"), rows)


def _word(code: str) -> str:
    """`yes`, or the code as a link to its section."""
    return YES if not code else WITHHELD if code == WITHHELD else f"[{code}](query-refusals.md#{code})"


def _code(sql: str) -> str:
    return "`" + sql.replace("|", "\\|") + "`"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
