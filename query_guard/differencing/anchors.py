"""Many asked sets and the values they were given, as arrays: what the history is made of in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from query_guard.differencing.asked import WORDS, AskedColumn, Sketches, Values

UNKNOWN_SIZE = -1
Places = NDArray[np.int64]  # positions in, or ids of, anchors


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets to compare, column by column: word w of set i is `people[w, i]`. `pairs` is the sketch over contributions,
    None where the set of people is all there is. `sizes` are their people, `UNKNOWN_SIZE` where not on record: sketches
    of sets with few people in common sometimes look alike, sets of very different size cannot be."""

    people: Sketches
    pairs: Sketches | None
    sizes: Places

    @classmethod
    def of(cls, column: AskedColumn) -> Sets:
        """The sets that a column's cells rest on."""
        own = np.ascontiguousarray(column.sketches.T)
        if column.people is None:
            return cls(own, None, column.contributors)
        return cls(np.ascontiguousarray(column.people.T), own, column.contributors)

    def __len__(self) -> int:
        return int(self.people.shape[1])

    def take(self, places: Places) -> Sets:
        """These sets, in this order. (`np.take`, because indexing would leave the words of one set side by side.)"""
        pairs = None if self.pairs is None else np.take(self.pairs, places, axis=1)
        return Sets(np.take(self.people, places, axis=1), pairs, self.sizes[places])


@dataclass(frozen=True, eq=False)
class Anchors:
    """Asked sets with the value each was given (NaN: hidden), its id (older is smaller) and its chain: the id of the
    oldest anchor that the value goes back to."""

    sets: Sets
    ids: Places
    values: Values
    chains: Places

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, places: Places) -> Anchors:
        """These anchors, in this order."""
        return Anchors(self.sets.take(places), self.ids[places], self.values[places], self.chains[places])


def no_anchors(*, pairs: bool) -> Anchors:
    """Nothing was asked yet."""
    empty: Sketches = np.empty((WORDS, 0), np.uint64)
    nothing: Places = np.empty(0, np.int64)
    return Anchors(Sets(empty, empty if pairs else None, nothing), nothing, np.empty(0, np.float64), nothing)


def join_sets(parts: Sequence[Sets]) -> Sets:
    """All sets, in order. Raises ValueError if some are over contributions and some are not."""
    over_pairs = [part.pairs for part in parts if part.pairs is not None]
    if over_pairs and len(over_pairs) != len(parts):
        raise ValueError("one series is over contributions or it is not")
    people = np.concatenate([part.people for part in parts], axis=1)
    sizes = np.concatenate([part.sizes for part in parts])
    return Sets(people, np.concatenate(over_pairs, axis=1) if over_pairs else None, sizes)


def join_anchors(parts: Sequence[Anchors]) -> Anchors:
    """All anchors, in order. Raises ValueError as `join_sets`."""
    return Anchors(
        join_sets([part.sets for part in parts]),
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.chains for part in parts]),
    )
