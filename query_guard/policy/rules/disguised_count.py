"""Rule 6: where a quantity is 0 by a condition, or only 0 or one other value (a count in disguise), the people with 0
are a complement."""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Statistic
from query_guard.policy.rules.cells import Cells, Mask


def disguised_count(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where such a quantity is 0 for some people but for fewer than the threshold."""
    if statistic.measure not in (Measure.SUM, Measure.MEAN) or not statistic.prefix:
        return cells.none()
    zero = cells.count(f"{statistic.prefix}_zero_people")
    conditional = cells.two_valued(statistic.prefix) | statistic.cased
    hidden: Mask = conditional & (zero > 0) & (zero < profile.threshold)
    if statistic.cased or statistic.tally:  # who has no value does not meet the condition either
        missing = cells.count(f"{statistic.prefix}_missing")
        hidden |= (missing > 0) & (missing < profile.threshold)
    return hidden
