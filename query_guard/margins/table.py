"""One measure of one answer with margins, and what its reader knows of every cell.

Promise: the reader in here is never weaker than the real one. Where it is not sure what a reader knows, it assumes
the narrower interval, as long as the true value lies in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

_SLACK = 1e-9  # relative: sums of DOUBLEs in another order differ in the last digits


@dataclass(frozen=True)
class MarginTable:
    """The cells of one measure at all grouping levels of one answer, hidden cells and wholly hidden groups included.

    Attributes:
        levels: (cells,), bit k set = key k (the column of `keys`) is aggregated away.
        keys: (cells, keys), codes >= 0 of the key values, -1 where aggregated away. NULL has a code of its own.
        published: (cells,), what the answer would show; NaN = hidden already.
        true: (cells,), the exact value. Needed to choose what to hide; it never leaves.
        half_widths: (cells,), the reader knows |true - published| <= half_width. Half the rounding base (2.5 for base
            5), and more for a value that was taken over from an earlier answer. Ignored where hidden.
        additive: a margin is the sum of its finer cells. False: one person (or one distinct value) may be counted in
            several finer cells, so that a margin lies between the largest of them and their sum.
        whole: the values are whole numbers, and the reader knows it.
        least_published: what the reader knows a published value to be at least, unless it is zero: the threshold, for
            counts that are hidden below it. Zero for measures that such a rule does not touch.
        least_hidden: what the reader knows a hidden value to be at least, unless it is zero. One, for a count whose
            hidden groups the answer lists: a group that exists has a member.
        nonnegative: the reader knows that no value is below zero.
        one_group_keys: bits of the keys of which every person has one value only (sex, year of birth). Over them even
            people add up, although the table as a whole is not additive. Ignored for an additive table. Keys over which
            the true values add up are added (`with_sums_that_hold`).
    """

    levels: Codes
    keys: Codes
    published: Numbers
    true: Numbers
    half_widths: Numbers
    additive: bool
    whole: bool = True
    least_published: float = 0.0
    least_hidden: float = 0.0
    nonnegative: bool = True
    one_group_keys: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError, without a value in its text, for cells that contradict one another."""
        cells = self.levels.shape
        if (
            len(cells) != 1
            or self.keys.ndim != 2
            or any(part.shape[0] != cells[0] for part in (self.keys, self.published, self.true, self.half_widths))
        ):
            raise ValueError("levels, keys, published, true and half_widths must have one entry a cell")
        if not np.array_equal(self.keys == -1, _bits(self.levels, self.keys.shape[1])) or (self.keys < -1).any():
            raise ValueError("a key is -1 exactly where its bit of the level is set")
        if np.unique(self.keys, axis=0).shape[0] != cells[0]:
            raise ValueError("two cells have the same level and keys")
        if not np.isfinite(self.true).all() or (self.whole and (self.true != np.rint(self.true)).any()):
            raise ValueError("true values must be finite, and whole numbers in a table of whole numbers")
        if self.nonnegative and (self.true < 0).any():
            raise ValueError("a true value is below zero in a table without such values")
        shown, off = ~self.hidden, np.abs(self.true - self.published)
        if not (off <= self.half_widths + _SLACK * np.abs(self.true))[shown].all():
            raise ValueError("a published value is further from the true one than its half width")

    @property
    def hidden(self) -> Mask:
        """The cells that are hidden already."""
        return np.isnan(self.published)

    @property
    def floors(self) -> Numbers:
        """(cells,), the lowest that each value can be for all that a reader knows when it is hidden."""
        if not self.nonnegative:
            return np.full(self.true.shape, -np.inf)
        return np.minimum(self.true, self.least_hidden)

    def known_bounds(self) -> tuple[Numbers, Numbers]:
        """(lowest, highest) of each published cell for a reader who sees this cell alone."""
        low, high = self.published - self.half_widths, self.published + self.half_widths
        if self.whole:  # rounding half up: 12.5 would have become 15
            low, high = np.ceil(low), np.ceil(high) - 1
        low = np.maximum(low, self.floors)
        if self.least_published > 0:
            high = np.where(high < self.least_published, 0.0, high)
            low = np.where(high >= self.least_published, np.maximum(low, self.least_published), low)
        return np.minimum(low, self.true), np.maximum(high, self.true)


def _bits(levels: Codes, keys: int) -> Mask:
    """(cells, keys): is the bit set?"""
    shifts = np.arange(keys, dtype=np.int64)
    return ((levels[:, None] >> shifts) & 1).astype(bool)
