"""Comparisons: both sides are first brought to one kind, so that DuckDB never converts a column by itself (and
fails on it)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.context import Context
from query_guard.policy.expressions.literals import read_date, read_number
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import NUMBERS, TIMES, Kind, Term, hide_detail, join_terms

_OPERATORS: dict[type[Any], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}


def to_timestamp(term: Term) -> Term:
    """A DATE as TIMESTAMP, NULL where it is out of that type's range."""
    if term.kind is not Kind.DATE:
        return term
    if term.literal is not None:
        return Term(f"TIMESTAMP '{term.literal} 00:00:00'", Kind.TIMESTAMP, literal=term.literal)
    return join_terms(f"TRY_CAST({term.sql} AS TIMESTAMP)", Kind.TIMESTAMP, term)


def _read_as(term: Term, other: Term, node: Any) -> Term:
    """A text literal as what it is compared with."""
    if term.kind is not Kind.TEXT or term.literal is None:
        return term
    if other.kind in TIMES:
        return read_date(term, other.kind, node)
    return read_number(term, node) if other.kind in NUMBERS else term


def bring_together(terms: list[Term], node: Any) -> list[Term]:
    """All terms in one kind (numbers may mix). Raises `type-mismatch`."""
    typed = next((term for term in terms if term.literal is None and term.kind is not Kind.NULL), None)
    if typed is not None:
        terms = [_read_as(term, typed, node) for term in terms]
    kinds = {term.kind for term in terms} - {Kind.NULL}
    if kinds == TIMES:
        return [to_timestamp(term) for term in terms]
    if Kind.OTHER in kinds or not (len(kinds) <= 1 or kinds == NUMBERS):
        raise refuse("type-mismatch", node)
    return terms


def _compare(operator: str, left: Term, right: Term, node: Any) -> Term:
    left, right = bring_together([left, right], node)
    return hide_detail(join_terms(f"({left.sql} {operator} {right.sql})", Kind.BOOLEAN, left, right))


def equal(left: Term, right: Term, node: Any) -> Term:
    """`left = right` of two written terms."""
    return _compare("=", left, right, node)


def _comparison(operator: str) -> Callable[[Any, Context], Term]:
    def write(node: Any, context: Context) -> Term:
        return _compare(operator, context.write(node.this), context.write(node.expression), node)

    return write


def write_between(node: Any, context: Context) -> Term:
    """`x BETWEEN low AND high`."""
    parts = [context.write(part) for part in (node.this, node.args["low"], node.args["high"])]
    value, low, high = bring_together(parts, node)
    return hide_detail(join_terms(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", Kind.BOOLEAN, value, low, high))


def write_in(node: Any, context: Context) -> Term:
    """`x IN (literals)`. Lists of columns say nothing that OR could not, and are refused."""
    value = context.write(node.this)
    items = [context.write(item) for item in node.expressions]
    if not items or any(item.literal is None and item.kind is not Kind.NULL for item in items):
        raise refuse("pattern-not-literal", node, remedy="Write the values of the list as literals.")
    value, *items = bring_together([value, *items], node)
    listed = ", ".join(item.sql for item in items)
    return hide_detail(join_terms(f"({value.sql} IN ({listed}))", Kind.BOOLEAN, value, *items))


def write_is(node: Any, context: Context) -> Term:
    """`x IS NULL`, `x IS TRUE`, `x IS FALSE`. Only null tests may look at person and row keys."""
    if type(node.expression) is exp.Null:
        term = context.null_test(node.this)
        return hide_detail(join_terms(f"({term.sql} IS NULL)", Kind.BOOLEAN, term))
    if type(node.expression) is not exp.Boolean:
        raise refuse("construct-not-available", node)
    term = context.condition(node.this)
    wanted = "TRUE" if node.expression.this else "FALSE"
    return join_terms(f"({term.sql} IS {wanted})", Kind.BOOLEAN, term)


COMPARISONS: dict[type[Any], Callable[[Any, Context], Term]] = {
    **{kind: _comparison(operator) for kind, operator in _OPERATORS.items()},
    exp.Between: write_between,
    exp.In: write_in,
    exp.Is: write_is,
}
