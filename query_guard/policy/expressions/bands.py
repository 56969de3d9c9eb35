"""Bands: what makes a measure coarse enough to group by. Fixed widths and places, so that nobody slides them along
the values."""

from __future__ import annotations

import math
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from query_guard.policy.expressions.context import Context
from query_guard.policy.terms import TIMES, Term, hide_detail

#: What picks, adds up or averages values of one person.
_PICKS = (
    *(exp.Min, exp.Max, exp.Avg, exp.Sum, exp.Median, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue),
    *(exp.PercentileCont, exp.PercentileDisc, exp.Quantile),
)
_CHOICES = (exp.Case, exp.If, exp.Coalesce, exp.Nullif)
#: Days in the units in which analysts count them: weeks, months, quarters, years and decades.
_CALENDAR: tuple[float, ...] = (
    *(7, 14, 28, 30, 30.4, 30.44, 30.4375, 60, 90, 91, 120, 180, 182, 183),
    *(365, 365.25, 730, 730.5, 3650, 3652.5),
)


_ONES = ("1", "1.0", "1.00")


def _bare(node: Any) -> Any:
    """The node without brackets, conversions and factors of one."""
    node = node.unnest()
    if type(node) in (exp.Cast, exp.TryCast):
        return _bare(node.this)
    if type(node) is exp.Mul:  # 1.0 * x, as a CAST to DOUBLE is often written
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            if type(one) is exp.Literal and not one.is_string and str(one.this) in _ONES:
                return _bare(other)
    return node


def is_band(node: Any, context: Context) -> bool:
    """Whether rounding `node` down gives bands: a value as it is recorded (width 1), or one divided by 1, 2 or 5 times
    10^k, k >= 0, or by the days of a calendar's unit. A shifted or stretched one does not: its bands could be put
    anywhere."""
    node = _bare(node)
    if type(node) in (exp.Div, exp.IntDiv):
        return _is_width(context.write(node.expression).literal) and is_band(node.this, context)
    return _is_recorded(node, context)


def _is_width(width: Any) -> bool:
    if not isinstance(width, int | float) or width < 1:
        return False
    if any(math.isclose(width, days) for days in _CALENDAR):
        return True
    mantissa = width / 10 ** math.floor(math.log10(width))
    return any(math.isclose(mantissa, step) for step in (1, 2, 5))


def _is_recorded(node: Any, context: Context) -> bool:
    """A column that is neither shifted nor stretched, the days between two dates, and what is picked or averaged of
    such."""
    kind = type(node)
    if kind is exp.Column:
        term = context.write(node)
        return term.banded or not term.private
    if kind in (exp.Sub, exp.DateDiff):
        sides = [context.write(side) for side in (node.this, node.expression)]
        return all(side.kind in TIMES and side.exposes <= {ColumnUse.DATE} for side in sides)
    if kind is exp.Window or kind is exp.Filter:
        return _is_recorded(node.this, context)
    if kind in _PICKS:
        return _is_value(node.this, context.inside())
    if kind in _CHOICES:
        return all(_is_value(part, context) for part in _chosen(node))
    return False


def _is_value(node: Any, context: Context) -> bool:
    return type(node) is not exp.Distinct and is_band(node, context)


def _chosen(node: Any) -> list[Any]:
    """The values that a choice can have, but fixed ones."""
    if type(node) is exp.Case:
        parts = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
    elif type(node) is exp.If:
        parts = [node.args["true"], node.args.get("false")]
    else:
        parts = [node.this, *node.expressions] if type(node) is exp.Coalesce else [node.this]
    return [part for part in parts if part is not None and type(part) not in (exp.Literal, exp.Null)]


def as_band(term: Term) -> Term:
    """The rounded term: the measure's own values can no longer be read off it."""
    return hide_detail(term, exposes=term.exposes - {ColumnUse.MEASURE})
