"""Bands: what makes a measure coarse enough to group by. Fixed widths and places, so that nobody slides them along
the values."""

from __future__ import annotations

import math
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from query_guard.policy.expressions.context import Context
from query_guard.policy.terms import Term, hide_detail

_BANDED = (exp.Column, exp.DateDiff)


def _bare(node: Any) -> Any:
    """The node without brackets and conversions."""
    node = node.unnest()
    return _bare(node.this) if type(node) in (exp.Cast, exp.TryCast) else node


def is_band(node: Any, context: Context) -> bool:
    """Whether rounding `node` down gives bands: a column itself (width 1), or a column divided by 1, 2 or 5 times 10^k,
    k >= 0. A shifted or stretched column does not: its bands could be put anywhere."""
    node = _bare(node)
    if type(node) in _BANDED:
        return True
    if type(node) not in (exp.Div, exp.IntDiv) or type(_bare(node.this)) not in _BANDED:
        return False
    width = context.write(node.expression).literal
    if not isinstance(width, int | float) or width < 1:
        return False
    mantissa = width / 10 ** math.floor(math.log10(width))
    return any(math.isclose(mantissa, step) for step in (1, 2, 5))


def as_band(term: Term) -> Term:
    """The rounded term: the measure's own values can no longer be read off it."""
    return hide_detail(term, exposes=term.exposes - {ColumnUse.MEASURE})
