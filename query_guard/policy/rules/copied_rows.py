"""Rule 9: where the query brings rows of one table in more than once, nothing is said of rows.

UNION ALL of a table with itself and a join of a table with itself let the asker choose how often the records of a few
come in: they could be weighed up until they show through rounding. Counts of people and of different values stay.
"""

from __future__ import annotations

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Statistic
from query_guard.policy.rules.cells import Cells, Mask


def copied_rows(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:  # noqa: ARG001
    """Hidden, whatever the cell."""
    if statistic.copied and statistic.measure.is_weighed:
        return np.ones(cells.size, dtype=np.bool_)
    return cells.none()
