"""Dates moved by days, months or years, total: NULL outside the years 1000-3000 and past 40,000 units (of public and
published dates 1-9999 and ten thousand years), where DuckDB's own arithmetic could fail.

The number may be a column's. Such a date exposes what the number exposes, beside the date.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.comparison import to_timestamp
from query_guard.policy.expressions.context import Context
from query_guard.policy.expressions.dates import SAFE_DATES, SAFE_TIMES, date_like, unit_of
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term, call, join_terms

_MOVES = {"day": "to_days", "week": "to_weeks", "month": "to_months", "year": "to_years"}
_FARTHEST_MOVE = 40_000
#: Of public and published dates: far enough to count days from year 1, near enough for a TIMESTAMP to hold any date so
#: moved.
_FARTHEST = {"day": 3_652_425, "week": 521_775, "month": 120_000, "year": 10_000}
_ANY_TIMES = "BETWEEN TIMESTAMP '0001-01-01 00:00:00' AND TIMESTAMP '9999-12-31 00:00:00'"
_ANY_DATES = "BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
_WHOLE_DAYS = "Move a date by a whole number of days."


def is_interval(node: Any) -> bool:
    """Whether a node is an INTERVAL, also one multiplied by a number."""
    node = node.unnest()
    return type(node) is exp.Interval or (
        type(node) is exp.Mul and exp.Interval in (type(node.this.unnest()), type(node.expression.unnest()))
    )


def interval_number(node: Any) -> Any:
    """The node that says how many units an interval has."""
    if type(node) is exp.Mul:
        return node.expression if type(node.this.unnest()) is exp.Interval else node.this
    return node.this


def move_date(node: Any, context: Context) -> Term:
    """`d + INTERVAL 30 DAY`, `d + n * INTERVAL 1 DAY` (TIMESTAMP) and `d + 30`, `d + n` (DATE)."""
    value, step = node.this, node.expression
    turned = is_interval(value) or (not is_interval(step) and context.write(value).is_number)
    if type(node) is exp.Add and turned:  # 30 + d
        value, step = step, value
    if type(node) is exp.Mul:
        raise refuse("type-mismatch", node)
    return _moved(date_like(value, context), step, "+" if type(node) is exp.Add else "-", node, context)


def _moved(term: Term, step: Any, sign: str, node: Any, context: Context) -> Term:
    dates, times = (SAFE_DATES, SAFE_TIMES) if term.private else (_ANY_DATES, _ANY_TIMES)
    if is_interval(step):
        number, unit = _interval(step.unnest(), context)
        term, safe = to_timestamp(term), times
    else:
        number, unit, safe = context.write(step), "day", dates
        if term.kind is not Kind.DATE:
            raise refuse("type-mismatch", node, remedy="Move a timestamp by an INTERVAL.")
    most = min(_FARTHEST_MOVE, _FARTHEST[unit]) if term.private else _FARTHEST[unit]
    steps = _steps(number, most, node)
    moved = call(_MOVES[unit], Kind.OTHER, steps) if is_interval(step) else steps
    near = "" if steps.literal is not None else f" AND {steps.sql} BETWEEN {-most} AND {most}"
    sql = f"CASE WHEN {term.sql} {safe}{near} THEN ({term.sql} {sign} {moved.sql}) END"
    return join_terms(sql, term.kind, term, moved, functions=(sign,))


def write_date_add(node: Any, context: Context) -> Term:
    """`date_add(d, INTERVAL 30 DAY)`."""
    if node.args.get("unit") is not None or not is_interval(node.expression):
        raise refuse("construct-not-available", node, remedy="Write d + INTERVAL 30 DAY.")
    return _moved(date_like(node.this, context), node.expression, "+", node, context)


def _interval(node: Any, context: Context) -> tuple[Term, str]:
    """The number of units of an interval, and the unit."""
    if type(node) is exp.Mul:
        factor = interval_number(node)
        inner = (node.this if factor is node.expression else node.expression).unnest()
        if _literal_number(inner.this) != 1:
            raise refuse("pattern-not-literal", node, remedy="Multiply an interval of one unit: n * INTERVAL 1 DAY.")
        return context.write(factor), unit_of(inner.args.get("unit"), tuple(_MOVES), node)
    unit = unit_of(node.args.get("unit"), tuple(_MOVES), node)
    number = _literal_number(node.this) if node.this is not None else None
    if number is not None:
        return Term("", Kind.INTEGER, literal=number), unit
    if node.this is None or type(node.this.unnest()) is exp.Literal:
        raise refuse("pattern-not-literal", node, remedy="Write the number of days, for example INTERVAL 30 DAY.")
    return context.write(node.this), unit


def _literal_number(node: Any) -> int | None:
    value = node.unnest() if node is not None else None
    sign = -1 if type(value) is exp.Neg else 1
    value = value.this.unnest() if type(value) is exp.Neg else value
    text = str(value.this) if type(value) is exp.Literal else ""
    return sign * int(text) if text.isascii() and text.isdigit() else None


def _steps(term: Term, most: int, node: Any) -> Term:
    """A whole number of units: a literal of moderate size, or a column's that is looked at when it runs."""
    if term.kind is Kind.NULL:  # a value that is withheld
        return join_terms("CAST(NULL AS INTEGER)", Kind.INTEGER, term)
    if term.kind is not Kind.INTEGER or (term.literal is not None and abs(term.literal) > most):
        raise refuse("pattern-not-literal", node, remedy=_WHOLE_DAYS)
    if term.literal is not None:
        return Term(f"({term.literal})", Kind.INTEGER, literal=term.literal)
    return join_terms(f"TRY_CAST({term.sql} AS INTEGER)", Kind.INTEGER, term)
