"""Rule 2: who does not meet a counted condition is nobody or at least `threshold` people; else subtraction finds
them."""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Statistic
from query_guard.policy.rules.cells import Cells, Mask


def small_complement(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """For rows, the people with a row outside the condition; for people, those with no row inside it.

    Each is what `all minus condition` would rest on.
    """
    if not statistic.conditional:
        return cells.none()
    if statistic.measure is Measure.PEOPLE:
        outside = cells.contributors() - cells.people(statistic.prefix)
    else:
        outside = cells.rest(statistic.prefix)
    hidden: Mask = (outside > 0) & (outside < profile.threshold)
    return hidden
