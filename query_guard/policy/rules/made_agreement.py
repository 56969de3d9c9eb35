"""Rule 10: a spread, a correlation or a ratio of what is alike for all but a few is a number about those few.

A question can make its people alike: the sum and the smallest value of one row each are equal, so their correlation and
their mean ratio are 1 and their difference has no spread, unless a condition gives one person more rows.
"""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Statistic
from query_guard.policy.rules.cells import Cells, Mask


def made_agreement(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where people's means of a quantity (or quotients of the two of a pair) are the same for the threshold at
    least and for all others but fewer than that; whether there are such others does not matter."""
    prefix = statistic.prefix
    names = {
        Measure.SPREAD: (prefix,),
        Measure.PAIR: (prefix, f"{prefix}_x", f"{prefix}_xy"),
        Measure.SUM: (prefix,) if statistic.cased else (),
        Measure.MEAN: (prefix,) if statistic.cased else (),
    }.get(statistic.measure, ())
    hidden = cells.none()
    for name in names:
        same = cells.count(f"{name}_same")
        hidden |= (same >= profile.threshold) & (cells.there(statistic) - same < profile.threshold)
    return hidden
