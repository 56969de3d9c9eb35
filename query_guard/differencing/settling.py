"""The rule against differencing: which value an asked set is given, beside all that was asked before.

Each set is given the value of the nearest earlier asked set within the limit (the oldest on a tie), else its own; and
becomes an anchor with what it was given. What that promises, and what not, is proven in
docs/decisions/snap-to-earlier-answers.md. In short: sets that are grown or shrunk step by step from one published set,
each step below the limit, are all given its value, whoever is in them, as long as no other value is near; a set asked
again is given what it was given; and the first two near sets ever given different numbers are half the limit apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from query_guard.differencing.anchors import Anchors, Places, Sets, join_anchors
from query_guard.differencing.asked import AskedColumn, Values
from query_guard.differencing.neighbours import FAR, History, Nearest, find_nearest
from query_guard.differencing.segment import Bits, Near, Segment

#: Anchors of the answer at hand have no id yet. They count from here, so that every anchor on record is older.
FIRST_UNWRITTEN = 1 << 40
MOST_NEAR_WITHIN = 5_000_000  # pairs of near cells inside one answer; more is no table anybody reads


@dataclass(frozen=True, eq=False)
class Settled:
    """What each cell of a column was given.

    Attributes:
        values: to be published; NaN = hidden.
        kept: places of the cells that become anchors.
        anchors: those, with ids from `FIRST_UNWRITTEN` on, in order.
        met: chains on record that some cell came near to.
    """

    values: Values
    kept: Places
    anchors: Anchors
    met: Places


def settle_column(history: History, earlier: Anchors, column: AskedColumn, threshold: int) -> Settled:
    """Give every cell of a column its value.

    Args:
        history: of the cut and series.
        earlier: what the same answer has asked of this series before, with unwritten ids.
        column: the cells, in the order in which they are settled.
        threshold: fewest people of a published cell.

    Raises ValueError if more cells of one answer are near one another than can be looked through.
    """
    compared = np.flatnonzero(is_compared(column.contributors, threshold))
    sets, people = Sets.of(column).take(compared), column.contributors[compared]
    nearest = find_nearest(history, sets, threshold, 2 * people < 3 * threshold)
    cells = _Cells(column.values[compared], people < threshold, nearest)
    ids = (earlier.ids[-1] + 1 if len(earlier) else FIRST_UNWRITTEN) + np.arange(len(compared))
    asked = Anchors(sets, ids, cells.give(), np.where(nearest.distance < FAR, nearest.chains, ids))
    _settle_within(cells, earlier, asked, threshold)
    values = np.where(column.contributors == 0, column.values, np.nan)
    values[compared] = asked.values
    kept = np.flatnonzero(nearest.distance > 0)
    met = asked.chains[(nearest.distance < FAR) & (asked.chains < FIRST_UNWRITTEN)]
    return Settled(values, compared[kept], asked.take(kept), np.unique(met))


def is_compared(contributors: NDArray[np.int64], threshold: int) -> NDArray[np.bool_]:
    """Whether a set is compared with others and kept. Smaller ones are hidden whatever else was asked, so comparing
    them would change nothing; kept, they would take up room and protect little: the smallest set that may be shown is
    more than half the threshold away from them."""
    return 2 * contributors >= threshold


@dataclass(frozen=True, eq=False)
class _Cells:
    """What is known of the compared cells beside their sets."""

    own: Values
    is_too_small: NDArray[np.bool_]
    nearest: Nearest

    def give(self, only: slice = slice(None)) -> Values:
        """The rule, cell by cell.

        A set of fewer than `threshold` people is hidden, whatever value is near: a number would tell that somebody is
        in it. A set of little more that lies beside a hidden one is hidden too, even if it was given a number before:
        who leaves out one person after the other from a group of just enough people would otherwise learn of each
        whether they are in it; so, only the first one shows and then nothing does.
        """
        nearest = self.nearest
        given = np.where(nearest.distance[only] < FAR, nearest.values[only], self.own[only])
        hidden = self.is_too_small[only] | (nearest.is_small[only] & nearest.beside_hidden[only])
        return np.where(hidden, np.nan, given)


def _settle_within(cells: _Cells, earlier: Anchors, asked: Anchors, threshold: int) -> None:
    """Settle the cells of one answer among one another, in order. Changes `cells.nearest`, and values and chains of
    `asked`. An anchor on record is older: on a tie it stays the nearest. Only what becomes an anchor is met: a set
    asked for twice stands there once, with its first value."""
    whole, nearest = join_anchors([earlier, asked]), cells.nearest
    is_anchor = np.concatenate([np.ones(len(earlier), np.bool_), nearest.distance > 0])
    for cell, places, distances in _near_within(whole, len(earlier), threshold):
        near = Near(np.full(len(places), cell), places, distances)
        nearest.meet(whole, near.take(np.flatnonzero(is_anchor[places])))
        asked.values[cell : cell + 1] = cells.give(slice(cell, cell + 1))
        if nearest.distance[cell] < FAR:
            asked.chains[cell] = nearest.chains[cell]
        here = len(earlier) + cell
        whole.values[here], whole.chains[here] = asked.values[cell], asked.chains[cell]
        is_anchor[here] = nearest.distance[cell] > 0


def _near_within(whole: Anchors, earlier: int, threshold: int) -> Iterator[tuple[int, Places, Bits]]:
    """Each cell (counted after the `earlier` ones) that has near ones before it: their places and distances, in order.

    Raises ValueError for too many.
    """
    places = np.arange(len(whole))
    segment = Segment(Anchors(whole.sets, places, whole.values, places))
    found, total = [], 0
    for near in segment.search(whole.sets.take(places[earlier:]), threshold):
        before = segment.anchors.ids[near.place]
        kept = np.flatnonzero(before < near.asked + earlier)
        found.append(np.stack([near.asked[kept], before[kept], near.distance[kept]]))
        total += len(kept)
        if total > MOST_NEAR_WITHIN:
            raise ValueError("too many near cells in one answer")
    if not total:
        return
    cells, before, distances = np.concatenate(found, axis=1)
    order = np.argsort(cells, kind="stable")
    cells, before, distances = cells[order], before[order], distances[order]
    for run in np.split(np.arange(total), np.flatnonzero(np.diff(cells)) + 1):
        yield int(cells[run[0]]), before[run], distances[run]
