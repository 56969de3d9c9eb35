"""The rule against differencing in plain Python, slow and without an index: what the guard's own must agree with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from query_guard.differencing import AskedColumn
from query_guard.differencing.anchors import Anchors
from query_guard.differencing.neighbours import History, grow
from query_guard.differencing.settling import FIRST_UNWRITTEN

BITS = 256
WORD = (1 << 64) - 1


def sketch_of(members: Iterable[object]) -> int:
    """Every member flips one bit, whose place a hash decides (in the guard: a secret one)."""
    sketch = 0
    for member in members:
        sketch ^= 1 << sha256(repr(member).encode()).digest()[0]
    return sketch


def as_words(sketches: Sequence[int]) -> NDArray[np.uint64]:
    """Shape (n, 4)."""
    words = [[sketch >> 64 * word & WORD for word in range(4)] for sketch in sketches]
    return np.array(words, np.uint64).reshape(-1, 4)


@dataclass(frozen=True)
class Cell:
    """People with what each contributes, and what would be published (NaN: hidden)."""

    contributions: Mapping[int, int]
    own: float

    @property
    def people(self) -> int:
        return sketch_of(self.contributions)

    @property
    def pairs(self) -> int:
        return sketch_of(self.contributions.items())


def cell_of(people: Iterable[int], own: float | None = None) -> Cell:
    """A cell of people who contribute 1 each; its own value is their number."""
    contributions = dict.fromkeys(people, 1)
    return Cell(contributions, float(len(contributions)) if own is None else own)


def column_of(cells: Sequence[Cell], series: str = "people", *, pairs: bool = False) -> AskedColumn:
    people = as_words([cell.people for cell in cells])
    return AskedColumn(
        series=series,
        pairs=pairs,
        sketches=as_words([cell.pairs for cell in cells]) if pairs else people,
        contributors=np.array([len(cell.contributions) for cell in cells], np.int64),
        values=np.array([cell.own for cell in cells], np.float64),
        people=people if pairs else None,
    )


@dataclass
class Asked:
    cell: Cell
    value: float


@dataclass
class Reference:
    """One cut and series, all in memory."""

    threshold: int
    pairs: bool = False
    anchors: list[Asked] = field(default_factory=list)

    def distance(self, one: Cell, other: Cell) -> int | None:
        """In how many bits two near sets differ; None if they are not near."""
        people = (one.people ^ other.people).bit_count()
        people = max(people, abs(len(one.contributions) - len(other.contributions)))
        if people >= self.threshold:
            return None
        if not self.pairs:
            return people
        pairs = (one.pairs ^ other.pairs).bit_count()
        return pairs if pairs < 2 * self.threshold else None

    def answer(self, cell: Cell) -> float:
        """The value of a cell, which becomes an anchor."""
        size = len(cell.contributions)
        if size == 0:
            return cell.own
        if 2 * size < self.threshold:
            return math.nan
        is_small, half = 2 * size < 3 * self.threshold, self.threshold if self.pairs else self.threshold / 2
        near = [(d, anchor) for anchor in self.anchors if (d := self.distance(cell, anchor.cell)) is not None]
        if is_small:
            near = [(d, anchor) for d, anchor in near if d < half or not math.isnan(anchor.value)]
        nearest = min(near, key=lambda found: found[0], default=None)  # the first of equals is the oldest
        value = cell.own if nearest is None else nearest[1].value
        if size < self.threshold or (is_small and any(math.isnan(anchor.value) for d, anchor in near if d < half)):
            value = math.nan
        if nearest is None or nearest[0] > 0:
            self.anchors.append(Asked(cell, value))
        return value


def as_history(history: History, new: Anchors) -> History:
    """What writing and reading again would make of new anchors: ids in order, chains resolved."""
    first = 1 + max((int(part.anchors.ids.max()) for part in history), default=0)
    ids = np.arange(first, first + len(new))
    given = dict(zip(new.ids.tolist(), ids.tolist(), strict=True))
    chains = [given[chain] if chain >= FIRST_UNWRITTEN else chain for chain in new.chains.tolist()]
    return grow(history, Anchors(new.sets, ids, new.values, np.array(chains, np.int64))) if len(new) else history
