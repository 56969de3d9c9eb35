"""How many people stand behind each number, as far as it may be told: the count that everything else is made of.

Promise: a set of people is settled once for a step, the whole cell before its parts. Two sets that differ by fewer
people than the threshold count alike, in one answer as over several; so do all rows, sums and means made of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from governance.disclosure import DisclosureProfile
from query_guard.differencing import AskedColumn
from query_guard.policy.history import History
from query_guard.policy.measures.families import SKETCH_WORDS
from query_guard.policy.plan import EVERYONE_SKETCH, SMALL_CELLS, Measure
from query_guard.policy.rounding import round_count
from query_guard.policy.rules.cells import Cells, Counts, Mask, Numbers


@dataclass(frozen=True)
class SmallCells:
    """The groups that a raw table leaves out because they are far too small: how many, and the parity sketch of all
    their people, shape (1, 4)."""

    number: int
    sketch: NDArray[np.uint64]


def take_small(raw: pa.Table) -> tuple[pa.Table, SmallCells]:
    """A raw table without what it says of small groups. (Where there are no other groups it says so in a row without
    people.)"""
    if SMALL_CELLS not in raw.column_names:
        return raw, SmallCells(0, np.zeros((1, SKETCH_WORDS), dtype=np.uint64))
    said = Cells(raw.slice(0, 1))
    small = SmallCells(int(said.count(SMALL_CELLS)[0]), said.sketch(f"s_{EVERYONE_SKETCH}"))
    return raw.filter(pc.is_valid(raw.column("contributors"))), small


class SettledPeople:
    """The published counts of the sets of people in the cells of one step.

    Raises what the history raises, `too-many-near-questions` among it.
    """

    def __init__(self, cells: Cells, profile: DisclosureProfile, history: History) -> None:
        self._cells = cells
        self._profile = profile
        self._history = history
        self._asked: dict[str, AskedColumn] = {}
        self._published: dict[str, Numbers] = {}
        self.everyone = self.of(EVERYONE_SKETCH, cells.contributors())

    def of(self, sketch: str, people: Counts) -> Numbers:
        """(cells,), the count to publish; NaN where it is hidden. `sketch` names the set, `people` is its true size."""
        if sketch not in self._published:
            enough = people >= self._profile.threshold
            own = np.where(enough, round_count(people, self._profile.round_to), np.nan)
            column = AskedColumn(Measure.PEOPLE, False, self._cells.sketch(sketch), people, own)
            self._asked[sketch] = column
            self._published[sketch] = self._history.settle(column)
        return self._published[sketch]

    def groups_hidden(self, shown: Mask, small: SmallCells) -> int:
        """About how many groups have no row: a number about the people in them, so it is rounded, settled, and 0 where
        they are not proven to be enough.

        The proof is the parity sketch of all of them together: each bit that is set has at least one person of its own.
        """
        hidden = np.concatenate([self._cells.sketch(EVERYONE_SKETCH)[~shown], small.sketch])
        together = np.bitwise_xor.reduce(hidden, axis=0, keepdims=True)
        people = np.bitwise_count(together).sum(axis=1).astype(np.int64)
        own = round_count(np.array([np.count_nonzero(~shown) + small.number]), self._profile.round_to)
        column = AskedColumn(
            "groups hidden", False, together, people, np.where(people >= self._profile.threshold, own, np.nan)
        )
        settled = self._history.settle(column)
        self._history.conclude(column, settled)
        return int(settled[0]) if np.isfinite(settled[0]) else 0

    def conclude(self, hidden: dict[str, Mask]) -> None:
        """Say what really leaves: `hidden` are cells whose count was withheld after all, by name of the set."""
        for sketch, column in self._asked.items():
            withheld = hidden.get(sketch, self._cells.none())
            self._history.conclude(column, np.where(withheld, np.nan, self._published[sketch]))
