"""How many people stand behind each number, as far as it may be told: the count that everything else is made of.

Promise: a set of people is settled once for a step, the whole cell before its parts. Two sets that differ by fewer
people than the threshold count alike, in one answer as over several; so do all rows, sums and means made of them.
"""

from __future__ import annotations

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.differencing import AskedColumn
from query_guard.policy.history import History
from query_guard.policy.plan import ALL_ROWS, Measure
from query_guard.policy.rounding import round_count
from query_guard.policy.rules.cells import Cells, Counts, Mask, Numbers


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
        self.everyone = self.of(f"{ALL_ROWS}_p", cells.contributors())

    def of(self, sketch: str, people: Counts) -> Numbers:
        """(cells,), the count to publish; NaN where it is hidden. `sketch` names the set, `people` is its true size."""
        if sketch not in self._published:
            enough = people >= self._profile.threshold
            own = np.where(enough, round_count(people, self._profile.round_to), np.nan)
            column = AskedColumn(Measure.PEOPLE, False, self._cells.sketch(sketch), people, own)
            self._asked[sketch] = column
            self._published[sketch] = self._history.settle(column)
        return self._published[sketch]

    def groups_hidden(self, shown: Mask) -> int:
        """About how many cells have no row: a number about the people in them, so it is rounded, settled, and 0 where
        they are not proven to be enough.

        The proof is the parity sketch of all of them together: each bit that is set has at least one person of its own.
        """
        together = np.bitwise_xor.reduce(self._cells.sketch(f"{ALL_ROWS}_p")[~shown], axis=0, keepdims=True)
        people = np.bitwise_count(together).sum(axis=1).astype(np.int64)
        own = round_count(np.array([np.count_nonzero(~shown)]), self._profile.round_to)
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
