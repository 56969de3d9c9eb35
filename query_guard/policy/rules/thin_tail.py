"""Rule 5: a quantile has at least `threshold` people on either side of it.

Source: the SDC handbook treats a percentile as the value of a single person unless enough lie beyond it.
"""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Statistic
from query_guard.policy.rules.cells import Cells, Mask

_SLACK = 1e-9  # 100 people at level 0.1 are ten, whatever 100 * 0.1 is in binary


def thin_tail(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where people times the smaller of level and 1 - level is below the threshold."""
    if statistic.measure is not Measure.QUANTILE:
        return cells.none()
    share = min(statistic.level, 1 - statistic.level)
    hidden: Mask = cells.people(statistic.prefix) * share < profile.threshold - _SLACK
    return hidden
