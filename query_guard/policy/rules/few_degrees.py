"""Rule 6: a spread, a correlation or a regression leaves enough residual degrees of freedom.

Source: ACRO and the SDC handbook: at least ten.
"""

from __future__ import annotations

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Statistic
from query_guard.policy.rules.cells import Cells, Mask

#: Numbers fitted to the data before the rest is free.
_FITTED = {Measure.SPREAD: 1, Measure.PAIR: 2}


def few_degrees(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where people (or rows, if fewer) less the fitted numbers are too few."""
    fitted = _FITTED.get(statistic.measure)
    if fitted is None:
        return cells.none()
    units = np.minimum(cells.people(statistic.prefix), cells.count(f"{statistic.prefix}_rows"))
    hidden: Mask = units - fitted < profile.residual_dof
    return hidden
