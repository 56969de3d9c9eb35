"""Rule 11: the spread of a number that counts records, or is 0 by a condition, tells how many have how much.

So it rests on enough people who have some, and on nobody or enough who have none.
"""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Statistic
from query_guard.policy.rules.cells import Cells, Mask


def counted_spread(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where people with another value than 0 are too few, or people with 0 are few."""
    if statistic.measure not in (Measure.SPREAD, Measure.PAIR) or not (statistic.tally or statistic.cased):
        return cells.none()
    hidden = cells.none()
    for name in (statistic.prefix, *([f"{statistic.prefix}_x"] if statistic.measure is Measure.PAIR else [])):
        some, none = cells.count(f"{name}_some"), cells.count(f"{name}_none")
        hidden |= (some < profile.threshold) | ((none > 0) & (none < profile.threshold))
    return hidden
