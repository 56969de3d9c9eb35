"""Finds every anchor near a set without comparing with all of them. Promise: what is left out cannot be near.

Two sets are near if their sketches of people differ in fewer than `threshold` bits, their sizes by fewer than that and,
where there are sketches over contributions, those differ in fewer than twice as many bits (each person who changed
flips at most two). How far apart they are is the larger of bits and sizes.

Proof that nothing is missed: cut both 256-bit sketches of people into 16 blocks of 16 bits. Fewer than `threshold`
different bits lie in fewer than `threshold` blocks, so of any `threshold` blocks at least one is equal in both. So it
is enough to look up, in `threshold` of the 16 blocks, the anchors with the same block; the rarest blocks are taken. A
small set has few bits, its blocks are no rarity, and looking up would find nearly everything: such a set is compared
with all anchors that have about as many bits set, because |popcount(a) - popcount(b)| <= popcount(a xor b).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from query_guard.differencing.anchors import Anchors, Places, Sets
from query_guard.differencing.asked import WORDS, Sketches

BLOCKS = 16
PAIRS_FACTOR = 2  # bits flipped by one person whose contribution changed
SMALLEST_INDEXED = 4096  # below, comparing with all is quicker than looking up
SCAN_IS_QUICKER_BY = 32  # per anchor than looking up: candidates lie all over the memory (measured)
LOOKED_UP_AT_ONCE = 1 << 20  # candidates; bounds the memory of a search
COMPARED_AT_ONCE = 1 << 16  # anchors; their words stay in the processor's cache

Bits = NDArray[np.int16]  # numbers of bits


class Near(NamedTuple):
    """Near neighbours: the set asked about, the place of the anchor, and in how many bits they differ. An anchor may
    be named more than once."""

    asked: Places
    place: Places
    distance: Bits

    def take(self, places: Places) -> Near:
        """Some of them."""
        return Near(self.asked[places], self.place[places], self.distance[places])


class Segment:
    """Anchors in an order of its own, with an index over them; never changed once made."""

    def __init__(self, anchors: Anchors) -> None:
        sizes = count_bits(anchors.sets.people)
        order = np.argsort(sizes, kind="stable")
        self.anchors = anchors.take(order)
        self._sizes = sizes[order]
        if len(anchors) >= SMALLEST_INDEXED:
            self._sorted = _blocks(self.anchors.sets.people)
            self._orders = np.empty((BLOCKS, len(anchors)), np.int32)
            for block, own_order in zip(self._sorted, self._orders, strict=True):
                own_order[:] = np.argsort(block, kind="stable")
                block[:] = block[own_order]

    def __len__(self) -> int:
        return len(self.anchors)

    def search(self, asked: Sets, threshold: int) -> Iterator[Near]:
        """Every anchor near each asked set, in pieces of bounded size. `threshold` in people.

        Raises ValueError if only one of both sides is over contributions.
        """
        if (asked.pairs is None) != (self.anchors.sets.pairs is None):
            raise ValueError("one series is over contributions or it is not")
        if len(self) < SMALLEST_INDEXED:
            yield from self._compare_all(asked, threshold)
            return
        rest: Places = np.arange(len(asked))
        if threshold <= BLOCKS:
            rest = yield from self._look_up(asked, threshold)
        for one in rest:
            yield from self._compare(asked, int(one), threshold)

    def _look_up(self, asked: Sets, threshold: int) -> Generator[Near, None, Places]:
        """Near anchors by equal blocks; returns the sets for which that finds too many candidates."""
        blocks = _blocks(asked.people)
        first = np.stack([np.searchsorted(self._sorted[b], blocks[b], "left") for b in range(BLOCKS)])
        past = np.stack([np.searchsorted(self._sorted[b], blocks[b], "right") for b in range(BLOCKS)])
        counts = past - first
        rarest = np.argpartition(counts, threshold - 1, axis=0)[:threshold]
        begins = np.take_along_axis(first, rarest, axis=0) + rarest * len(self)
        lengths = np.take_along_axis(counts, rarest, axis=0)
        totals = lengths.sum(axis=0)
        is_rare = totals <= len(self) // SCAN_IS_QUICKER_BY
        for piece in _pieces(np.flatnonzero(is_rare), totals):
            lengths_here = lengths[:, piece].T.ravel()
            runs = np.cumsum(lengths_here) - lengths_here
            flat = np.repeat(begins[:, piece].T.ravel() - runs, lengths_here) + np.arange(lengths_here.sum())
            yield self._near(
                asked, np.repeat(piece, totals[piece]), self._orders.ravel()[flat].astype(np.int64), threshold
            )
        return np.flatnonzero(~is_rare)

    def _compare_all(self, asked: Sets, threshold: int) -> Iterator[Near]:
        """Near anchors by comparing every asked set with every anchor."""
        at_once = max(1, COMPARED_AT_ONCE // max(1, len(self)))
        for low in range(0, len(asked), at_once):
            here = asked.people[:, low : low + at_once, None] ^ self.anchors.sets.people[:, None, :]
            which, places = np.nonzero(np.bitwise_count(here).sum(axis=0, dtype=np.int16) < threshold)
            yield self._near(asked, low + which, places, threshold)

    def _compare(self, asked: Sets, one: int, threshold: int) -> Iterator[Near]:
        """Near anchors of one set by comparing with all of about its size."""
        people = self.anchors.sets.people
        size = int(count_bits(asked.people[:, one : one + 1])[0])
        begin = int(np.searchsorted(self._sizes, size - threshold, "right"))
        end = int(np.searchsorted(self._sizes, size + threshold, "left"))
        differing = np.empty(COMPARED_AT_ONCE, np.uint64)
        bits, total = np.empty((2, COMPARED_AT_ONCE), np.uint8)
        for low in range(begin, end, COMPARED_AT_ONCE):
            high = min(low + COMPARED_AT_ONCE, end)
            here = slice(0, high - low)
            total[here] = 0
            for word in range(WORDS - 1):  # 3 * 64 bits fit in a byte; the last word decides among the few left
                np.bitwise_xor(people[word, low:high], asked.people[word, one], out=differing[here])
                total[here] += np.bitwise_count(differing[here], out=bits[here])
            places = low + np.flatnonzero(total[here] < threshold)
            yield self._near(asked, np.full(len(places), one), places, threshold)

    def _near(self, asked: Sets, which: Places, places: Places, threshold: int) -> Near:
        mine = self.anchors.sets
        distance = count_bits(mine.people[:, places] ^ asked.people[:, which])
        distance = np.maximum(distance, _size_gap(mine.sizes[places], asked.sizes[which], threshold))
        near = Near(which, places, distance).take(np.flatnonzero(distance < threshold))
        if mine.pairs is None or asked.pairs is None:
            return near
        distance = count_bits(mine.pairs[:, near.place] ^ asked.pairs[:, near.asked])
        near = Near(near.asked, near.place, distance)
        return near.take(np.flatnonzero(distance < PAIRS_FACTOR * threshold))


def count_bits(sketches: Sketches) -> Bits:
    """How many bits are set in each of the sketches, shape (4, n) -> (n,)."""
    total: Bits = np.bitwise_count(sketches[0]).astype(np.int16)
    for word in sketches[1:]:
        total += np.bitwise_count(word)
    return total


def _size_gap(one: Places, other: Places, threshold: int) -> Bits:
    """By how many people two sets differ at least, up to the threshold; 0 where a size is not known."""
    gap = np.minimum(np.abs(one - other), threshold)
    return np.where((one < 0) | (other < 0), 0, gap).astype(np.int16)


def _blocks(sketches: Sketches) -> NDArray[np.uint16]:
    """Shape (4, n) -> (16, n): each sketch cut into blocks of 16 bits."""
    return np.ascontiguousarray(np.ascontiguousarray(sketches.T).view(np.uint16).reshape(-1, BLOCKS).T)


def _pieces(which: Places, totals: Places) -> Iterator[Places]:
    """Consecutive runs of `which` whose totals stay near what is looked up at once."""
    piece = np.cumsum(totals[which]) // LOOKED_UP_AT_ONCE
    yield from np.split(which, np.flatnonzero(np.diff(piece)) + 1) if len(which) else ()
