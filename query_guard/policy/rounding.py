"""Rounding of what is released: counts to a base, half up; measured numbers to significant figures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

STABLE_FIGURES = 12  # sums in another order differ beyond these: cut first, so that repeats give one answer


def round_count(counts: npt.NDArray[np.int64] | Numbers, base: int) -> Numbers:
    """Half up to a multiple of `base` (12 -> 10, 13 -> 15 for base 5); counts are never negative."""
    steady = round_figures(np.asarray(counts, dtype=np.float64), STABLE_FIGURES)
    return np.asarray(np.floor((2 * steady + base) / (2 * base)) * base, dtype=np.float64)


def round_figures(values: Numbers, figures: int) -> Numbers:
    """To so many significant figures, half away from zero; NaN where there is no finite number."""
    if figures < STABLE_FIGURES:  # 45.55 is 45.6, whatever it is in binary
        values = values * (1 + 10.0**-STABLE_FIGURES)
    safe = np.where((values == 0) | ~np.isfinite(values), 1.0, values)
    place = figures - 1 - np.floor(np.log10(np.abs(safe))).astype(np.int64)
    with np.errstate(all="ignore"):
        up, down = np.power(10.0, np.maximum(place, 0)), np.power(10.0, np.maximum(-place, 0))
        rounded = np.rint(values * up / down) / up * down
    return np.asarray(np.where(np.isfinite(rounded), rounded, np.nan), dtype=np.float64)
