"""How much a reader must be left in doubt about a hidden number: the protection of each cell.

Promise: for sums the doubt is never less than the p%-rule asks for, and never less than `threshold` people are worth.
"""

from __future__ import annotations

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.margins.table import Numbers


def protection_of_counts(cells: int, profile: DisclosureProfile) -> Numbers:
    """(cells,), people, rows or distinct values: the threshold."""
    return np.full(cells, float(profile.threshold))


def protection_of_sums(true: Numbers, contributors: Numbers, largest: Numbers, profile: DisclosureProfile) -> Numbers:
    """(cells,), the least width, in the unit of the sum, of the interval that a reader may derive for a hidden sum.

    The larger of two numbers:

    - Twice `p_ratio` of the largest contribution. By the p%-rule the interval has to reach p * x1 - (X - x1 - x2) above
      the sum X, and by symmetry as much below (Hundepool et al., Handbook on Statistical Disclosure Control, table
      "Upper protection levels"). p * x1 is the most that this can be, so that the rest of the cell need not be known.
      Asked for as one width (sliding protection), since the reader does not know where in it the truth lies.
    - `threshold` times what a person contributes in this answer on average. That is for sums what the threshold is for
      counts, where everybody contributes one. It also covers a hidden sum of zero.

    Args:
        true: the sums.
        contributors: people with a non-zero contribution.
        largest: largest absolute contribution of one person; NaN if not known (then the sum itself stands in for it).
        profile: threshold and `p_ratio`.
    """
    size = np.abs(true)
    one = size.sum() / max(float(contributors.sum()), 1.0)
    largest = np.where(np.isnan(largest), size, largest)
    width: Numbers = np.maximum(2 * profile.p_ratio * largest, profile.threshold * one)
    return width
