"""The reference page on SQL: nothing that the guard knows is missing from it, and each line is about what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from docs.pages import query_sql, sql_outcomes
from docs.pages.sql_aggregates import AGGREGATES, MEASURES, WINDOWS
from docs.pages.sql_clauses import CLAUSES, JOINS, SUBQUERIES, Clause
from docs.pages.sql_functions import FUNCTIONS, Line
from query_guard.policy import CODES
from query_guard.policy.expressions import NAMED_WRITERS, WRITERS
from query_guard.policy.measures import asking
from query_guard.policy.nodes import ALLOWED
from query_guard.policy.plan import Measure
from query_guard.policy.relations import plain_aggregates, windows

ALL_CLAUSES: tuple[Clause, ...] = (*CLAUSES, *JOINS, *SUBQUERIES)
#: Read before the aggregate itself is looked up (`quantile_request`), or never looked up by class.
_FORMS = {exp.Median, exp.Quantile, exp.ApproxQuantile, exp.PercentileDisc, exp.WithinGroup, exp.Filter}


def parsed(sql: str) -> Any:
    return sqlglot.parse_one(sql, read="duckdb")


def classes_of(sql: str) -> set[type[Any]]:
    return {type(node) for node in parsed(sql).walk()}


def named(lines: tuple[Line, ...]) -> set[Any]:
    return {line.about for line in lines}


def test_every_function_that_has_a_writer_is_on_the_page() -> None:
    assert set(WRITERS) - named(FUNCTIONS) == set()
    assert set(NAMED_WRITERS) - named(FUNCTIONS) == set()


def test_every_aggregate_is_on_the_page() -> None:
    over_people, plain = set(asking._READERS), set(plain_aggregates._READERS)
    assert (over_people | plain | _FORMS) - named(AGGREGATES) == set()
    assert set(MEASURES) == set(Measure)


def test_every_window_is_on_the_page() -> None:
    known = {*windows._RANKS, *windows._PICKS, *windows._EXTREMES, *windows._NUMBERS, *windows.RANKING, exp.Count}
    assert known - named(WINDOWS) == set()


def test_every_class_that_is_allowed_occurs_on_the_page() -> None:
    texts = [clause.people for clause in ALL_CLAUSES] + [clause.results for clause in ALL_CLAUSES if clause.results]
    texts += [f"SELECT {line.sql}" for line in (*FUNCTIONS, *AGGREGATES)]
    texts += [f"SELECT {line.sql} OVER (ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)" for line in WINDOWS]
    seen = set().union(*map(classes_of, texts))
    assert {kind.__name__ for kind in set(ALLOWED) - seen} == set()


def test_each_line_is_about_what_it_shows() -> None:
    for line in (*FUNCTIONS, *AGGREGATES, *WINDOWS):
        if isinstance(line.about, str):
            assert f"{line.about}(" in line.sql, line.sql
        else:
            assert line.about in classes_of(f"SELECT {line.sql}"), line.sql


@pytest.mark.slow
def test_results_are_read_like_reference_tables() -> None:
    """They share a column of the page."""
    for line in FUNCTIONS:
        assert sql_outcomes.of_reference(line.sql) == sql_outcomes.of_results(line.sql), line.sql


def test_what_is_no_condition_is_no_key() -> None:
    assert [
        line.sql for line in FUNCTIONS if sql_outcomes.of_people(line.sql) and not sql_outcomes.as_key(line.sql)
    ] == []


@pytest.fixture(scope="module")
def page() -> str:
    return query_sql.page()


@pytest.mark.slow
def test_nothing_on_the_page_puzzles_the_planner(page: str) -> None:
    codes = set(re.findall(r"\(query-refusals\.md#([a-z-]+)\)", page))
    assert codes <= {code.code for code in CODES} - {"guard-failed", "sql-not-read", "unknown-column", "unknown-table"}


@pytest.mark.slow
def test_every_line_is_on_the_page(page: str) -> None:
    for line in (*FUNCTIONS, *AGGREGATES, *WINDOWS):
        assert line.sql.replace("|", "\\|") in page
