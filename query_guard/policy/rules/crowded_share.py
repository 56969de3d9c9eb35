"""Rule 7: where the query itself multiplies people's rows, nobody holds more than one part in `threshold` of a number.

A join of many with many, or UNION ALL of a table with itself, lets the asker choose how often each person counts; the
dominance rules alone would let one chosen person weigh as much as nearly all others together.
"""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Statistic
from query_guard.policy.rules.cells import Cells, Mask
from query_guard.policy.rules.dominated_cell import contributions


def crowded_share(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where the largest contribution times the threshold exceeds the total."""
    hidden = cells.none()
    if statistic.amplified:
        for total, top in contributions(cells, statistic):
            hidden |= top[:, 0] * profile.threshold > total
    return hidden
