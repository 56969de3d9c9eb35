"""Rule 6: where a quantity is only 0 or one other value its sum is a count; the people with 0 are then a complement."""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Statistic
from query_guard.policy.rules.cells import Cells, Mask


def disguised_count(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where a two-valued quantity is 0 for some people but for fewer than the threshold."""
    if statistic.measure not in (Measure.SUM, Measure.MEAN) or not statistic.prefix:
        return cells.none()
    zero = cells.count(f"{statistic.prefix}_zero_people")
    hidden: Mask = cells.two_valued(statistic.prefix) & (zero > 0) & (zero < profile.threshold)
    return hidden
