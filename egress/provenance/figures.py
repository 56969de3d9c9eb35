"""Compares a number of a file with one of an answer. Promise: rounding must be the same for a whole column."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

from egress.provenance.tables import Figure

UNITS = (1, 2, *(step * 10**power for power in range(9) for step in (5, 10, 20, 25)))
SCALES = (1, 100, 1_000, 10_000, 100_000)  # a share, per cent, rates
EXACT, TINY = "exact", 1e-9


def common_unit(figures: Iterable[Figure]) -> int:
    """What all whole numbers of a column are multiples of; 0 if there are none."""
    unit = 0
    for figure in figures:
        unit = gcd(unit, abs(int(figure.value))) if figure.whole else unit
    return unit


def compare(said: float, figure: Figure, unit: int) -> str:
    """ "exact", "rounded to ..." or nothing.

    Args:
        said: the answer's number.
        figure: the file's.
        unit: what its column is made of multiples of; no coarser rounding is taken for one.
    """
    slack = TINY * max(1.0, abs(said))
    apart = abs(said - figure.value)
    if apart <= slack:
        return EXACT
    if (figure.decimals or not float(said).is_integer()) and apart <= 0.5 * 10.0**-figure.decimals + slack:
        return f"rounded to {figure.decimals} decimals"
    if figure.whole and figure.value:
        for step in UNITS:
            if step > min(unit, abs(said)):
                return ""
            if unit % step == 0 and apart <= step / 2 + slack:
                return f"rounded to {step}"
    return ""


def scale_of(share: float, figure: Figure) -> int:
    """By what a share was multiplied to give the file's number (1, 100, 1,000 ...); 0 if by none."""
    if not figure.value:
        return 0
    slack = 0.5 * 10.0**-figure.decimals + TINY * abs(figure.value)
    return next((scale for scale in SCALES if abs(share * scale - figure.value) <= slack), 0)
