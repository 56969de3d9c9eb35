"""Dates: parts, truncation, differences and moving, each total over every date DuckDB can hold (infinity, year
5881580)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from query_guard.policy.expressions.comparison import to_timestamp
from query_guard.policy.expressions.context import Context
from query_guard.policy.expressions.literals import read_date
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import TIMES, Kind, Term, call, hide_detail, join_terms

_TRUNCATIONS = ("year", "quarter", "month", "decade", "century", "week")
PARTS = (*_TRUNCATIONS, "dow", "isodow", "dayofweek", "weekofyear")  # coarse enough to group by
_FINE = ("day", "dayofyear", "doy")  # parts that may be compared, not grouped by
_COARSE_DIFFERENCES = ("year", "quarter", "month")
_DIFFERENCES = (*_COARSE_DIFFERENCES, "week", "day")
_MOVES = {"day": "to_days", "week": "to_weeks", "month": "to_months", "year": "to_years"}
_FARTHEST_MOVE = 40_000
#: Of public and published dates ten thousand years: far enough to count days from year 1, near enough for a TIMESTAMP
#: to hold any date so moved.
_FARTHEST = {"day": 3_652_425, "week": 521_775, "month": 120_000, "year": 10_000}
_FIXED = "Move a date by a fixed whole number of days; what is published may be moved by published numbers."
_SAFE_TIMES = "BETWEEN TIMESTAMP '1000-01-01 00:00:00' AND TIMESTAMP '3000-01-01 00:00:00'"
_SAFE_DATES = "BETWEEN DATE '1000-01-01' AND DATE '3000-01-01'"
_ANY_TIMES = "BETWEEN TIMESTAMP '0001-01-01 00:00:00' AND TIMESTAMP '9999-12-31 00:00:00'"
_ANY_DATES = "BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"


def _unit(node: Any, allowed: tuple[str, ...], place: Any) -> str:
    """The date part that a Var or text literal names. Raises `date-part-not-available` (also for columns)."""
    if type(node) not in (exp.Var, exp.Literal):
        raise refuse("date-part-not-available", place)
    name = str(node.this).lower()
    name = name if name in allowed else name.removesuffix("s")
    if name not in allowed:
        raise refuse("date-part-not-available", place)
    return name


def date_like(node: Any, context: Context) -> Term:
    """A DATE or TIMESTAMP; a text literal is read as one. Raises `type-mismatch`."""
    term = context.write(node)
    if term.kind is Kind.TEXT and term.literal is not None:
        return read_date(term, Kind.DATE, node)
    if term.kind not in TIMES:
        raise refuse("type-mismatch", node, remedy="This function takes a date.")
    return term


def part_writer(name: str) -> Callable[[Any, Context], Term]:
    """The writer of `year(x)` and its kin."""

    def write(node: Any, context: Context) -> Term:
        return _part(name, date_like(node.this, context))

    return write


def _part(name: str, term: Term) -> Term:
    part = call(name, Kind.INTEGER, term)
    return part if name in _FINE else hide_detail(part)


def write_extract(node: Any, context: Context) -> Term:
    """`extract(year from x)`."""
    return _part(_unit(node.this, (*PARTS, *_FINE), node), date_like(node.expression, context))


def write_date_part(node: Any, context: Context) -> Term:
    """`date_part('year', x)`, which sqlglot leaves as an unknown function of two arguments."""
    if len(node.expressions) != 2:
        raise refuse("unknown-function", node, name=str(node.this))
    unit, value = node.expressions
    return _part(_unit(unit, (*PARTS, *_FINE), node), date_like(value, context))


def write_truncation(node: Any, context: Context) -> Term:
    """`date_trunc('month', x)`."""
    unit = _unit(node.args["unit"], _TRUNCATIONS, node)
    term = to_timestamp(date_like(node.this, context))
    whole = join_terms(f"date_trunc('{unit}', {term.sql})", Kind.TIMESTAMP, term, functions=("date_trunc",))
    return hide_detail(whole)


def _to_date(term: Term) -> Term:
    return term if term.kind is Kind.DATE else join_terms(f"TRY_CAST({term.sql} AS DATE)", Kind.DATE, term)


def write_difference(node: Any, context: Context) -> Term:
    """`date_diff('day', a, b)`: boundaries crossed from a to b. sqlglot holds b in `this` and a in `expression`."""
    unit = _unit(node.args.get("unit"), _DIFFERENCES, node)
    return _difference(unit, date_like(node.expression, context), date_like(node.this, context))


def _difference(unit: str, start: Term, end: Term) -> Term:
    start, end = _to_date(start), _to_date(end)
    sql = f"date_diff('{unit}', {start.sql}, {end.sql})"
    difference = join_terms(sql, Kind.INTEGER, start, end, functions=("date_diff",))
    own = all(ColumnUse.DATE in term.exposes for term in (start, end))  # between two of a person's own dates
    fine = unit not in _COARSE_DIFFERENCES and difference.private and not own
    return hide_detail(difference, exposes=frozenset({ColumnUse.MEASURE}) if fine else frozenset())


def days_between(end: Term, start: Term, node: Any) -> Term:
    """`end - start` of two dates, in days. Raises `type-mismatch` for timestamps, whose difference is an interval."""
    if end.kind is not Kind.DATE or start.kind is not Kind.DATE:
        raise refuse("type-mismatch", node, remedy="Use date_diff('day', start, end).")
    return _difference("day", start, end)


def move_date(node: Any, context: Context) -> Term:
    """`d + INTERVAL 30 DAY` (TIMESTAMP) and `d + 30` (DATE); NULL outside the years 1000-3000 (of public and published
    dates 1-9999), where it could overflow."""
    value, step = node.this, node.expression
    if type(node) is exp.Add and type(value) is exp.Interval:
        value, step = step, value
    if type(node) is exp.Mul:
        raise refuse("type-mismatch", node)
    sign = "+" if type(node) is exp.Add else "-"
    term = date_like(value, context)
    if type(step) is exp.Interval:
        term, moved = to_timestamp(term), _interval(step, context, near=term.private)
    else:
        moved = _whole_steps(context.write(step), "day", node, near=term.private)
    if type(step) is not exp.Interval and term.kind is not Kind.DATE:
        raise refuse("type-mismatch", node, remedy="Move a timestamp by an INTERVAL.")
    if term.private and moved.literal is None:  # days chosen by a condition would make a date that tells it
        raise refuse("pattern-not-literal", node, remedy=_FIXED)
    dates, times = (_SAFE_DATES, _SAFE_TIMES) if term.private else (_ANY_DATES, _ANY_TIMES)
    safe = times if term.kind is Kind.TIMESTAMP else dates
    sql = f"CASE WHEN {term.sql} {safe} THEN ({term.sql} {sign} {moved.sql}) END"
    return join_terms(sql, term.kind, term, moved, functions=(sign,))


def _interval(node: Any, context: Context, *, near: bool) -> Term:
    unit = _unit(node.args.get("unit"), tuple(_MOVES), node)
    value = node.this.unnest() if node.this is not None else node
    sign = -1 if type(value) is exp.Neg else 1
    inside = value.this.unnest() if type(value) is exp.Neg else value
    if type(inside) is exp.Literal and str(inside.this).isascii() and str(inside.this).isdigit():
        steps = Term("", Kind.INTEGER, literal=sign * int(inside.this))
    elif node.this is not None and type(inside) is not exp.Literal:
        steps = context.write(value)
    else:
        raise refuse("pattern-not-literal", node, remedy="Write the number of days, for example INTERVAL 30 DAY.")
    moved = _whole_steps(steps, unit, node, near=near)
    return replace(call(_MOVES[unit], Kind.OTHER, moved), literal=moved.literal)


def _whole_steps(term: Term, unit: str, node: Any, *, near: bool) -> Term:
    """A whole number of moderate size: a literal, or one computed of public or published values (none beyond that
    size)."""
    most = min(_FARTHEST_MOVE, _FARTHEST[unit]) if near else _FARTHEST[unit]
    if term.kind is Kind.NULL:
        return join_terms("CAST(NULL AS INTEGER)", Kind.INTEGER, term)
    if term.kind is not Kind.INTEGER:
        raise refuse("pattern-not-literal", node, remedy=_FIXED)
    if term.literal is not None and abs(term.literal) <= most:
        return Term(f"({term.literal})", Kind.INTEGER, literal=term.literal)
    if term.literal is not None or term.private:
        raise refuse("pattern-not-literal", node, remedy=_FIXED)
    sql = f"CASE WHEN {term.sql} BETWEEN {-most} AND {most} THEN TRY_CAST({term.sql} AS INTEGER) END"
    return join_terms(sql, Kind.INTEGER, term)
