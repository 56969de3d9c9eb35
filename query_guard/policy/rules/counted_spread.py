"""Rule 8: the spread of a number that counts records, or is 0 by a condition, tells how many have how much: enough
people have some."""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Statistic
from query_guard.policy.rules.cells import Cells, Mask


def counted_spread(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where people with another value than 0 are too few."""
    if not statistic.spreads_counts:
        return cells.none()
    hidden: Mask = cells.count(f"{statistic.prefix}_some") < profile.threshold
    return hidden
