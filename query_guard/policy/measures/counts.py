"""count in all its forms: rows, people, different values."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.measures import families
from query_guard.policy.measures.arms import read_arms
from query_guard.policy.measures.requests import Requests
from query_guard.policy.plan import ALL_ROWS, Measure, Statistic
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.source import Found, JoinKind
from query_guard.policy.rows import Rows
from query_guard.policy.terms import Kind, Term, join_terms


def count(requests: Requests, node: Any, kept: Term | None) -> Term:
    """count(*), count(x), count(distinct x)."""
    argument = node.this
    if type(argument) is exp.Distinct:
        return requests.column(_count_distinct(requests, argument, kept))
    counts_rows = argument is None or type(argument) in (exp.Star, exp.Literal)
    return _rows(requests, kept if counts_rows else _both(kept, _present(requests, argument)))


def count_if(requests: Requests, node: Any, kept: Term | None) -> Term:
    """count_if(test): rows that meet it."""
    return _rows(requests, _both(kept, requests.rows.condition(node.this)))


def _rows(requests: Requests, test: Term | None) -> Term:
    prefix = requests.all_rows() if test is None else requests.condition(test)
    text = "rows" if test is None else f"rows where {test.sql}"
    return requests.column(requests.rows_of(prefix, text))


def _present(requests: Requests, node: Any) -> Term | None:
    """The condition that a value is there; None where the person key is always there."""
    found = requests.rows.bare_column(node)
    if found is not None and _is_everyone(found, requests.rows):
        return None
    term = requests.rows.null_test(node)
    return join_terms(f"({term.sql} IS NOT NULL)", Kind.BOOLEAN, term)


def _either_person(rows: Rows, node: Any) -> Term | None:
    """Of `coalesce(a.person_id, b.person_id)`, which is the row's person or nobody, the condition that it is there."""
    parts = [rows.bare_column(part) for part in (node.this, *node.expressions)] if type(node) is exp.Coalesce else []
    found = [one for one in parts if one is not None and one.is_person]
    if not found or len(found) < len(parts):
        return None
    terms = [rows.null_test(part) for part in (node.this, *node.expressions)]
    sql = f"(COALESCE({', '.join(term.sql for term in terms)}) IS NOT NULL)"
    return join_terms(sql, Kind.BOOLEAN, *terms)


def _is_everyone(found: Found, rows: Rows) -> bool:
    """Whether a person key is there in every row."""
    outer_joined = any(source.join is JoinKind.FULL for source in rows.sources) or found.source.join is JoinKind.LEFT
    return found.is_person and found.column.certain and not outer_joined


def _both(one: Term | None, other: Term | None) -> Term | None:
    if one is None or other is None:
        return one or other
    return join_terms(f"({one.sql} AND {other.sql})", Kind.BOOLEAN, one, other)


def _count_distinct(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    if len(node.expressions) != 1:
        raise refuse("distinct-not-available", node)
    value, kept = _unwrap_case(requests, node.expressions[0].unnest(), kept)
    found = requests.rows.bare_column(value)
    either = _either_person(requests.rows, value)
    if either is not None or (found is not None and found.is_person):
        test = _both(kept, either or _present(requests, value))
        prefix = ALL_ROWS if test is None else requests.condition(test)
        text = "people" if test is None else f"people with a row where {test.sql}"
        return Statistic("", Measure.PEOPLE, prefix, text=text)
    term = requests.rows.null_test(value)
    whole = _different(requests, term) if kept is not None else ""
    if kept is not None:
        term = join_terms(f"CASE WHEN {kept.sql} THEN {term.sql} END", term.kind, kept, term)
    return Statistic("", Measure.DISTINCT, _different(requests, term), whole, text=f"different values of {term.sql}")


def _different(requests: Requests, term: Term) -> str:
    return requests.family("distinct", term, lambda name: families.distinct(name, term.sql))


def _unwrap_case(requests: Requests, value: Any, kept: Term | None) -> tuple[Any, Term | None]:
    """`count(distinct case when test then person_id end)` counts people with a row that meets the test."""
    if type(value) not in (exp.Case, exp.If):
        return value, kept
    first, *others = read_arms(value, requests.rows)
    if (
        len(others) != 1
        or type(others[0].result.unnest()) is not exp.Null
        or type(first.result.unnest()) is not exp.Column
    ):
        return value, kept
    return first.result.unnest(), _both(kept, first.test)
