"""Dates: parts, truncation, differences and moving, each total over every date DuckDB can hold (infinity, year
5881580)."""

from __future__ import annotations

from collections.abc import Callable
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
_SAFE_TIMES = "BETWEEN TIMESTAMP '1000-01-01 00:00:00' AND TIMESTAMP '3000-01-01 00:00:00'"
_SAFE_DATES = "BETWEEN DATE '1000-01-01' AND DATE '3000-01-01'"


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
    """`d + INTERVAL 30 DAY` (TIMESTAMP) and `d + 30` (DATE); NULL outside the years 1000-3000, where it could
    overflow."""
    value, step = node.this, node.expression
    if type(node) is exp.Add and type(value) is exp.Interval:
        value, step = step, value
    if type(node) is exp.Mul:
        raise refuse("type-mismatch", node)
    sign = "+" if type(node) is exp.Add else "-"
    term = date_like(value, context)
    if type(step) is exp.Interval:
        term, moved, safe = to_timestamp(term), _interval(step), _SAFE_TIMES
    else:
        moved, safe = _whole_steps(context.write(step), node), _SAFE_DATES
        if term.kind is not Kind.DATE:
            raise refuse("type-mismatch", node, remedy="Move a timestamp by an INTERVAL.")
    sql = f"CASE WHEN {term.sql} {safe} THEN ({term.sql} {sign} {moved.sql}) END"
    return join_terms(sql, term.kind, term, moved, functions=(sign,))


def _interval(node: Any) -> Term:
    unit = _unit(node.args.get("unit"), tuple(_MOVES), node)
    value = node.this.unnest() if node.this is not None else node
    sign = -1 if type(value) is exp.Neg else 1
    value = value.this.unnest() if type(value) is exp.Neg else value
    if type(value) is exp.Literal and str(value.this).isascii() and str(value.this).isdigit():
        return call(
            _MOVES[unit], Kind.OTHER, _whole_steps(Term("", Kind.INTEGER, literal=sign * int(value.this)), node)
        )
    raise refuse("pattern-not-literal", node, remedy="Write the number of days, for example INTERVAL 30 DAY.")


def _whole_steps(term: Term, node: Any) -> Term:
    """A literal whole number of moderate size."""
    if term.kind is not Kind.INTEGER or term.literal is None or abs(term.literal) > _FARTHEST_MOVE:
        raise refuse("pattern-not-literal", node, remedy="Move a date by a fixed whole number of days.")
    return Term(f"({term.literal})", Kind.INTEGER, literal=term.literal)
