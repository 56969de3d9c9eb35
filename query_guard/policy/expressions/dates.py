"""Dates: parts, truncation and differences, each total over every date DuckDB can hold (infinity, year 5881580)."""

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
_MEASURE = frozenset({ColumnUse.MEASURE})
_FINE = ("day", "dayofyear", "doy")  # parts that may be compared, not grouped by
_COARSE_DIFFERENCES = ("year", "quarter", "month")
_YEARS_OF_AGE = "Write extract(year from age(end_date, start_date))."
_DIFFERENCES = (*_COARSE_DIFFERENCES, "week", "day")
#: Where dates and times can be moved and compared without leaving what their types hold.
SAFE_TIMES = "BETWEEN TIMESTAMP '1000-01-01 00:00:00' AND TIMESTAMP '3000-01-01 00:00:00'"
SAFE_DATES = "BETWEEN DATE '1000-01-01' AND DATE '3000-01-01'"


def unit_of(node: Any, allowed: tuple[str, ...], place: Any) -> str:
    """The date part that a Var or text literal names. Raises `date-part-not-available` (also for columns)."""
    if type(node) not in (exp.Var, exp.Literal):
        raise refuse("date-part-not-available", place)
    name = str(node.this).lower()
    name = name if name in allowed else name.removesuffix("s")
    if name not in allowed:
        raise refuse("date-part-not-available", place)
    return name


def coarser(term: Term) -> Term:
    """What is left of a date cut to a month or longer: not the date. A measure by which it was moved is still there."""
    return hide_detail(term, exposes=term.exposes & _MEASURE)


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
        if name == "year" and is_age(node.this):
            return _full_years(node.this, context)
        return _part(name, date_like(node.this, context))

    return write


def _part(name: str, term: Term) -> Term:
    part = call(name, Kind.INTEGER, term)
    return part if name in _FINE else coarser(part)


def write_extract(node: Any, context: Context) -> Term:
    """`extract(year from x)`; of an `age(end, start)` the full years."""
    if is_age(node.expression):
        unit_of(node.this, ("year",), node)
        return _full_years(node.expression, context)
    return _part(unit_of(node.this, (*PARTS, *_FINE), node), date_like(node.expression, context))


def write_date_part(node: Any, context: Context) -> Term:
    """`date_part('year', x)`, which sqlglot leaves as an unknown function of two arguments."""
    if len(node.expressions) != 2:
        raise refuse("unknown-function", node, name=str(node.this))
    unit, value = node.expressions
    if is_age(value):
        unit_of(unit, ("year",), node)
        return _full_years(value, context)
    return _part(unit_of(unit, (*PARTS, *_FINE), node), date_like(value, context))


def is_age(node: Any) -> bool:
    """Whether a node is `age(end, start)` or `age(start)`, of which only the years are available."""
    return type(node) is exp.Anonymous and str(node.this).lower() == "age"


def write_age(node: Any, context: Context) -> Term:
    """`age(end, start)` by itself is an interval, which nothing can be done with. Always raises."""
    del context
    raise refuse("date-part-not-available", node, remedy=_YEARS_OF_AGE)


def _full_years(age: Any, context: Context) -> Term:
    """The birthdays from start to end, as `age` counts them; NULL where it could leave what a TIMESTAMP holds."""
    if len(age.expressions) != 2:
        raise refuse("date-part-not-available", age, remedy=_YEARS_OF_AGE)
    end, start = (to_timestamp(date_like(part, context)) for part in age.expressions)
    years = f"date_part('year', age({end.sql}, {start.sql}))"
    sql = f"CASE WHEN {end.sql} {SAFE_TIMES} AND {start.sql} {SAFE_TIMES} THEN {years} END"
    return coarser(join_terms(sql, Kind.INTEGER, end, start, functions=("date_part", "age")))


def write_last_day(node: Any, context: Context) -> Term:
    """`last_day(d)`: as coarse as its month."""
    day = _to_date(date_like(node.this, context))
    sql = f"CASE WHEN {day.sql} {SAFE_DATES} THEN last_day({day.sql}) END"
    return coarser(join_terms(sql, Kind.DATE, day, functions=("last_day",)))


def write_truncation(node: Any, context: Context) -> Term:
    """`date_trunc('month', x)`."""
    unit = unit_of(node.args["unit"], _TRUNCATIONS, node)
    term = to_timestamp(date_like(node.this, context))
    whole = join_terms(f"date_trunc('{unit}', {term.sql})", Kind.TIMESTAMP, term, functions=("date_trunc",))
    return coarser(whole)


def _to_date(term: Term) -> Term:
    return term if term.kind is Kind.DATE else join_terms(f"TRY_CAST({term.sql} AS DATE)", Kind.DATE, term)


def write_full_units(node: Any, context: Context) -> Term:
    """`date_sub('year', start, end)`: full units from start to end, days and longer."""
    if len(node.expressions) != 3:
        raise refuse("unknown-function", node, name=str(node.this))
    part, first, last = node.expressions
    unit, start, end = unit_of(part, _DIFFERENCES, node), date_like(first, context), date_like(last, context)
    return _difference(unit, to_timestamp(start), to_timestamp(end), "date_sub")


def write_difference(node: Any, context: Context) -> Term:
    """`date_diff('day', a, b)`: boundaries crossed from a to b. sqlglot holds b in `this` and a in `expression`."""
    unit = unit_of(node.args.get("unit"), _DIFFERENCES, node)
    return _difference(unit, date_like(node.expression, context), date_like(node.this, context))


def _difference(unit: str, start: Term, end: Term, name: str = "date_diff") -> Term:
    if name == "date_diff":  # counts boundaries: the time of day means nothing
        start, end = _to_date(start), _to_date(end)
    sql = f"{name}('{unit}', {start.sql}, {end.sql})"
    if name == "date_sub":  # its own arithmetic could overflow
        sql = f"CASE WHEN {start.sql} {SAFE_TIMES} AND {end.sql} {SAFE_TIMES} THEN {sql} END"
    difference = join_terms(sql, Kind.INTEGER, start, end, functions=(name,))
    own = all(term.exposes == {ColumnUse.DATE} for term in (start, end))  # between two of a person's own dates
    fine = unit not in _COARSE_DIFFERENCES and difference.private and not own
    return replace(coarser(difference), exposes=_MEASURE) if fine else coarser(difference)


def days_between(end: Term, start: Term, node: Any) -> Term:
    """`end - start` of two dates, in days. Raises `type-mismatch` for timestamps, whose difference is an interval."""
    if end.kind is not Kind.DATE or start.kind is not Kind.DATE:
        raise refuse("type-mismatch", node, remedy="Use date_diff('day', start, end).")
    return _difference("day", start, end)
