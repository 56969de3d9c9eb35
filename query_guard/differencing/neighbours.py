"""The nearest earlier anchor of each asked set, over a history that grows by segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from query_guard.differencing.anchors import Anchors, Places, Sets, join_anchors
from query_guard.differencing.asked import Values
from query_guard.differencing.segment import PAIRS_FACTOR, Near, Segment

FAR = 1 << 12  # more bits than a sketch has
NOBODY = -1
GROWTH = 4  # each segment is at least this many times as large as the next: few segments, each anchor moved seldom

History = tuple[Segment, ...]


@dataclass(eq=False)
class Nearest:
    """For each asked set its nearest anchor, the oldest on a tie: in how many bits it differs (`FAR` if there is no
    near one), its id, value and chain; and whether a hidden anchor lies within half the limit, which is `limit` bits.

    For a small set a hidden anchor counts only within half the limit: small sets who have nobody in common differ in so
    few bits that, among a thousand hidden ones, every other set of 10 people would look near one (measured by
    benchmarks.disclosure.simulate).
    """

    limit: int
    is_small: NDArray[np.bool_]
    distance: Places
    ids: Places
    values: Values
    chains: Places
    beside_hidden: NDArray[np.bool_]

    @classmethod
    def of_nobody(cls, limit: int, is_small: NDArray[np.bool_]) -> Nearest:
        """Before any anchor was met."""
        cells = len(is_small)
        ids: Places = np.full((2, cells), NOBODY)
        unknown, alone = np.full(cells, np.nan), np.zeros(cells, np.bool_)
        return cls(limit, is_small, np.full(cells, FAR), ids[0], unknown, ids[1], alone)

    def meet(self, anchors: Anchors, near: Near) -> None:
        """Take these neighbours into account."""
        hidden = np.isnan(anchors.values[near.place])
        beside = 2 * near.distance < self.limit
        self.beside_hidden[near.asked[hidden & beside]] = True
        counted = np.flatnonzero(~hidden | beside | ~self.is_small[near.asked])
        near = near.take(counted)
        ids = anchors.ids[near.place]
        order = np.lexsort((ids, near.distance, near.asked))
        asked, ids, distance = near.asked[order], ids[order], near.distance[order]
        first = np.flatnonzero(np.diff(asked, prepend=NOBODY))
        asked, ids, distance, place = asked[first], ids[first], distance[first], near.place[order][first]
        known, known_id = self.distance[asked], self.ids[asked]
        nearer = np.flatnonzero((distance < known) | ((distance == known) & (ids < known_id)))
        asked, place = asked[nearer], place[nearer]
        self.distance[asked], self.ids[asked] = distance[nearer], ids[nearer]
        self.values[asked], self.chains[asked] = anchors.values[place], anchors.chains[place]


def limit_of(sets: Sets, threshold: int) -> int:
    """In how many bits two sets must differ not to be near: the threshold, or twice that over contributions."""
    return threshold if sets.pairs is None else PAIRS_FACTOR * threshold


def find_nearest(history: History, asked: Sets, threshold: int, is_small: NDArray[np.bool_]) -> Nearest:
    """The nearest anchor of each asked set. `threshold` in people; `is_small`: few more than that are in the set."""
    found = Nearest.of_nobody(limit_of(asked, threshold), is_small)
    for segment in history:
        for near in segment.search(asked, threshold):
            found.meet(segment.anchors, near)
    return found


def grow(history: History, new: Anchors) -> History:
    """The history with more anchors; the one given stays as it is, for whoever is reading it.

    Raises ValueError if one is over contributions and the other is not.
    """
    segments: Sequence[Segment] = history
    newest = new
    while segments and len(segments[-1]) < GROWTH * len(newest):
        newest = join_anchors([segments[-1].anchors, newest])
        segments = segments[:-1]
    return (*segments, Segment(newest))
