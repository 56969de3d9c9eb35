"""Bands: what makes a measure coarse enough to group by. Fixed widths and places, so that nobody slides them along
the values."""

from __future__ import annotations

import math
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from query_guard.policy.expressions.context import Context
from query_guard.policy.terms import TIMES, Term, hide_detail

_BANDED = (exp.Column, exp.DateDiff, exp.Min, exp.Max)
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
    """Whether rounding `node` down gives bands: a column itself (width 1), or a column divided by 1, 2 or 5 times
    10^k, k >= 0, or by the days of a calendar's unit. A shifted or stretched column does not: its bands could be put
    anywhere."""
    node = _bare(node)
    if _is_banded(node, context):
        return True
    if type(node) not in (exp.Div, exp.IntDiv) or not _is_banded(_bare(node.this), context):
        return False
    width = context.write(node.expression).literal
    if not isinstance(width, int | float) or width < 1:
        return False
    if any(math.isclose(width, days) for days in _CALENDAR):
        return True
    mantissa = width / 10 ** math.floor(math.log10(width))
    return any(math.isclose(mantissa, step) for step in (1, 2, 5))


def _is_banded(node: Any, context: Context) -> bool:
    """A column, its extreme in a group, or the days between two dates."""
    if type(node) is exp.Sub:
        return all(context.write(side).kind in TIMES for side in (node.this, node.expression))
    return type(node) in _BANDED


def as_band(term: Term) -> Term:
    """The rounded term: the measure's own values can no longer be read off it."""
    return hide_detail(term, exposes=term.exposes - {ColumnUse.MEASURE})
