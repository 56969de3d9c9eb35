"""Arithmetic, in DOUBLE throughout: DuckDB's integers raise on overflow, its DOUBLEs give infinity. Division by
zero is NULL."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.bands import as_band, is_band
from query_guard.policy.expressions.context import Context
from query_guard.policy.expressions.dates import days_between
from query_guard.policy.expressions.literals import negate
from query_guard.policy.expressions.moves import is_interval, move_date
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import TIMES, Kind, Term, as_double, as_integer, join_terms, number

_OPERATORS: dict[type[Any], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}


def numbers(parts: list[Term], node: Any) -> list[Term]:
    """The parts, NULL read as a number. Raises `type-mismatch` for any other kind."""
    if not all(part.is_number or part.kind is Kind.NULL for part in parts):
        raise refuse("type-mismatch", node)
    return [part if part.is_number else join_terms("CAST(NULL AS DOUBLE)", Kind.DOUBLE, part) for part in parts]


def write_sum(node: Any, context: Context) -> Term:
    """`a + b`, `a - b`, `a * b`; also dates moved by days and the days between two dates."""
    if is_interval(node.this) or is_interval(node.expression):
        return move_date(node, context)
    left, right = context.write(node.this), context.write(node.expression)
    if left.kind in TIMES and type(node) is exp.Sub and right.kind in TIMES:
        return days_between(left, right, node)
    if TIMES & {left.kind, right.kind}:
        return move_date(node, context)
    return combine(type(node), left, right, node)


def combine(operation: type[Any], left: Term, right: Term, node: Any) -> Term:
    """`left operation right` of two written numbers. Whole numbers stay whole numbers."""
    left, right = numbers([left, right], node)
    whole = left.kind is Kind.INTEGER and right.kind is Kind.INTEGER
    sign = _OPERATORS[operation]
    result = join_terms(
        f"({as_double(left).sql} {sign} {as_double(right).sql})", Kind.DOUBLE, left, right, functions=(sign,)
    )
    return as_integer(result) if whole else result


def write_division(node: Any, context: Context) -> Term:
    """`a / b` as DOUBLE, NULL when b is 0."""
    return divide(context.write(node.this), context.write(node.expression), node)


def divide(left: Term, right: Term, node: Any) -> Term:
    """`left / right` of two written numbers."""
    left, right = (as_double(part) for part in numbers([left, right], node))
    if right.literal:
        return join_terms(f"({left.sql} / {right.sql})", Kind.DOUBLE, left, right, functions=("/",))
    safe = f"nullif({right.sql}, {number(0.0).sql})"
    return join_terms(f"({left.sql} / {safe})", Kind.DOUBLE, left, right, functions=("/", "nullif"))


def write_whole_division(node: Any, context: Context) -> Term:
    """`a // 10`: towards zero, of whole numbers, by a fixed number."""
    left, right = context.write(node.this), context.write(node.expression)
    if left.kind is not Kind.INTEGER or right.kind is not Kind.INTEGER or not right.literal:
        raise refuse("division-not-available", node)
    quotient = divide(left, right, node)
    whole = as_integer(join_terms(f"trunc({quotient.sql})", Kind.DOUBLE, quotient, functions=("trunc",)))
    return as_band(whole) if is_band(node, context) else whole


def write_remainder(node: Any, context: Context) -> Term:
    """`a % b` of public or protected whole numbers; a remainder of people's numbers would pick single ones out."""
    left, right = context.write(node.this), context.write(node.expression)
    if (left.private or right.private) and not (left.withheld or right.withheld):
        raise refuse("division-not-available", node)
    if left.kind is not Kind.INTEGER or right.kind is not Kind.INTEGER:
        raise refuse("type-mismatch", node)
    quotient = divide(left, right, node)
    whole = join_terms(f"trunc({quotient.sql})", Kind.DOUBLE, quotient, functions=("trunc",))
    return as_integer(combine(exp.Sub, as_double(left), combine(exp.Mul, whole, as_double(right), node), node))


def write_negation(node: Any, context: Context) -> Term:
    """`-a`."""
    term = context.write(node.this)
    if term.is_number and term.literal is not None:
        return negate(term)
    return combine(exp.Mul, Term("(-1)", Kind.INTEGER, literal=-1), term, node)
