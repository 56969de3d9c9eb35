"""One statistic of one answer as it is brought to the desk: what each cell rests on and what would be published."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORDS = 4  # a sketch is 256 bits, four unsigned 64-bit words
LONGEST_SERIES = 200

Sketches = NDArray[np.uint64]
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)  # compared by identity: a column is settled and concluded once
class AskedColumn:
    """Arrays have one entry per cell, in the order in which cells of one answer are settled among one another. Put
    whole cells before their parts and margins before what they sum up: the first of two near sets keeps its value.

    Attributes:
        series: kind of number, e.g. `people`, `sum(days_supply)`, `quantile 0.5`; values are compared within it only.
        pairs: `sketches` are over (person, that person's contribution), so that a person whose contribution changed
            flips two bits.
        sketches: parity sketch of the set the number rests on, shape (cells, 4).
        contributors: distinct people in that set. 0 is a true zero: it is never compared and never kept.
        values: what would be published; NaN = hidden.
        people: with `pairs`, sketch of the cell's distinct people, shape (cells, 4). Two cells whose contributions
            differ for fewer than k people also differ by fewer than k people; without this second sketch, small sets
            that have nobody in common would look near (20 bits are soon reached).

    Raises ValueError for arrays of other shapes or types, an infinite value or a series without a name.
    """

    series: str
    pairs: bool
    sketches: Sketches
    contributors: NDArray[np.int64]
    values: Values
    people: Sketches | None = None

    def __post_init__(self) -> None:
        cells = len(self.values)
        sketches = [array for array in (self.sketches, self.people) if array is not None]
        if any(array.dtype != np.uint64 or array.shape != (cells, WORDS) for array in sketches):
            raise ValueError("a sketch has four unsigned 64-bit words")
        if self.contributors.dtype != np.int64 or self.values.dtype != np.float64:
            raise ValueError("contributors are 64-bit integers, values are doubles")
        if self.contributors.shape != (cells,) or self.values.shape != (cells,):
            raise ValueError("a column's arrays have one entry per cell")
        if self.pairs != (self.people is not None):
            raise ValueError("a column over contributions, and only that, also brings its people")
        if not 1 <= len(self.series) <= LONGEST_SERIES:
            raise ValueError(f"a series has a name of 1-{LONGEST_SERIES} characters")
        if np.isinf(self.values).any() or (self.contributors < 0).any():
            raise ValueError("values are finite or NaN, contributors are not negative")

    def __len__(self) -> int:
        return len(self.values)
