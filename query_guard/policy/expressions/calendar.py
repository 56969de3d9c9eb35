"""Names and labels of dates, dates made of numbers: what analysts write on the axis of a chart.

Labels are as coarse as the parts they are made of; a format that shows a day is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.context import Context
from query_guard.policy.expressions.dates import coarser, date_like
from query_guard.policy.expressions.literals import date_term
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term, call, join_terms

#: Directives of strftime that show a month or more.
_COARSE = re.compile(r"(%[YymbB]|[^%])*")
_LONGEST_FORMAT = 40


def name_writer(name: str) -> Callable[[Any, Context], Term]:
    """The writer of `monthname` and `dayname`."""

    def write(node: Any, context: Context) -> Term:
        return coarser(call(name, Kind.TEXT, date_like(node.this, context)))

    return write


def write_format(node: Any, context: Context) -> Term:
    """`strftime(d, '%Y-%m')`, with directives of years and months only."""
    written = context.write(node.args["format"])
    literal = written.kind is Kind.TEXT and written.literal is not None and len(written.literal) <= _LONGEST_FORMAT
    if not literal:
        raise refuse("pattern-not-literal", node)
    if not _COARSE.fullmatch(written.literal):
        raise refuse("date-part-not-available", node)
    return coarser(call("strftime", Kind.TEXT, date_like(node.this, context), written))


def write_made_date(node: Any, context: Context) -> Term:
    """`make_date(year, 7, 1)`: month and day written out; NULL for years that a DATE does not hold."""
    year, month, day = (context.write(node.args[part]) for part in ("year", "month", "day"))
    numbers = [term.literal for term in (year, month, day)]
    if all(isinstance(value, int) for value in numbers):
        return _fixed_date(numbers, node)
    if year.kind is not Kind.INTEGER or not _within(month.literal, 12) or not _within(day.literal, 28):
        raise refuse("pattern-not-literal", node, remedy="Write month and day (1 to 28) as numbers, for example 7, 1.")
    made = f"make_date({year.sql}, {month.literal}, {day.literal})"
    sql = f"CASE WHEN {year.sql} BETWEEN 1 AND 9999 THEN {made} END"
    return join_terms(sql, Kind.DATE, year, functions=("make_date",))


def _fixed_date(numbers: list[Any], node: Any) -> Term:
    try:
        return date_term(date(*numbers))
    except (ValueError, OverflowError):
        raise refuse("date-not-read", node) from None


def _within(value: Any, most: int) -> bool:
    return isinstance(value, int) and 1 <= value <= most


LABELS: dict[type[Any], Callable[[Any, Context], Term]] = {
    exp.Monthname: name_writer("monthname"),
    exp.Dayname: name_writer("dayname"),
    exp.TimeToStr: write_format,
    exp.DateFromParts: write_made_date,
}
