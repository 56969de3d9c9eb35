"""Rule 2: no one or two people make up a number: nk-rule and p%-rule on the absolute contributions of people.

Source: the dominance rules of the SDC handbook and ACRO's defaults (n=2, k=0.90; p=0.10).
"""

from __future__ import annotations

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Statistic
from query_guard.policy.rules.cells import Cells, Mask, Numbers

_SLACK = 1e-9  # sums of DOUBLEs in another order differ in the last digits; a boundary case must not flicker


def dominated_cell(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Judged: rows and distinct values per person, per-person sums, and each summand of a measure like `x + 5`."""
    hidden = cells.none()
    for total, top in contributions(cells, statistic):
        hidden |= _is_dominated(total, top, profile)
    return hidden


def contributions(cells: Cells, statistic: Statistic) -> list[tuple[Numbers, Numbers]]:
    """(sum of absolute contributions, the two largest) of all that a number is made of."""
    prefix = statistic.prefix

    def pair(total: str, top: str) -> tuple[Numbers, Numbers]:
        return cells.number(total), cells.top(top)

    match statistic.measure:
        case Measure.PEOPLE | Measure.LOWEST | Measure.HIGHEST:
            return []  # everybody counts once
        case Measure.ROWS:
            return [pair(f"{prefix}_total", f"{prefix}_top")]
        case Measure.QUANTILE:
            return [pair(f"{prefix}_rows", f"{prefix}_row_top")]
        case Measure.SPREAD | Measure.PAIR:
            names = [f"{prefix}_w{place}" for place in range(1, statistic.weights[0] + 1)]
            names += [f"{prefix}_x_w{place}" for place in range(1, sum(statistic.weights[1:]) + 1)]
            rows = pair(f"{prefix}_rows", f"{prefix}_row_top")
            return [rows, *(pair(f"{name}_gross", f"{name}_top") for name in names)]
    return [pair(f"{name}_gross", f"{name}_top") for name in (prefix, *statistic.guards)]


def _is_dominated(total: Numbers, top: Numbers, profile: DisclosureProfile) -> Mask:
    """nk: the two largest hold more than k of the total. p%: what is left without them is less than p of the
    largest."""
    with np.errstate(all="ignore"):
        largest, two = top[:, 0], top[:, 0] + top[:, 1]
        slack = _SLACK * total
        hidden: Mask = (two > profile.dominance_k * total + slack) | (total - two < profile.p_ratio * largest - slack)
        # Contributions too large to add up cannot be judged, even where they cancel out in the sum.
        return hidden | ~np.isfinite(total) | ~np.isfinite(two)
