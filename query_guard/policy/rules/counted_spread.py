"""Rule 11: the spread of a number that counts records, or is 0 by a condition, tells how many have how much.

So it rests on enough people who have some, and on nobody or enough who have none.
"""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Statistic
from query_guard.policy.rules.cells import Cells, Mask


def counted_spread(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where people with another value than 0 are too few (of a spread), or people with 0 or with none at all are
    few."""
    spread = statistic.measure in (Measure.SPREAD, Measure.PAIR)
    placed = statistic.measure in (Measure.QUANTILE, Measure.LOWEST, Measure.HIGHEST)
    hidden = cells.none()
    if not (statistic.cased and (spread or placed)) and not (statistic.tally and spread):
        return hidden
    missing = cells.count(f"{statistic.prefix}_missing")
    hidden |= (missing > 0) & (missing < profile.threshold)
    for name in (statistic.prefix, *([f"{statistic.prefix}_x"] if statistic.measure is Measure.PAIR else [])):
        none = cells.count(f"{name}_none")
        hidden |= (none > 0) & (none < profile.threshold)
        if spread:
            hidden |= cells.count(f"{name}_some") < profile.threshold
    return hidden
