"""The rule against differencing over a history in memory: what a real desk settles, without the store. And a history
that forgets: each number by its own rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from query_guard.differencing import AskedColumn
from query_guard.differencing.anchors import Anchors, join_anchors, no_anchors
from query_guard.differencing.neighbours import History, grow
from query_guard.differencing.settling import FIRST_UNWRITTEN, Settled, settle_column


@dataclass
class RuleInMemory:
    """The guard's history without a store: what was asked, and what it was given."""

    threshold: int = 10
    written: dict[str, History] = field(default_factory=dict)
    asked: dict[str, list[Anchors]] = field(default_factory=dict)
    waiting: dict[AskedColumn, tuple[int, Settled]] = field(default_factory=dict)
    newest: int = 0

    def settle(self, column: AskedColumn) -> NDArray[np.float64]:
        """See `query_guard.policy.history.History`."""
        asked = self.asked.setdefault(column.series, [no_anchors(pairs=column.pairs)])
        settled = settle_column(self.written.get(column.series, ()), join_anchors(asked), column, self.threshold)
        asked.append(settled.anchors)
        self.waiting[column] = (len(asked) - 1, settled)
        return settled.values.copy()

    def conclude(self, column: AskedColumn, published: NDArray[np.float64]) -> None:
        """See `query_guard.policy.history.History`."""
        place, settled = self.waiting.pop(column)
        asked = self.asked[column.series]
        asked[place] = replace(asked[place], values=published[settled.kept])

    def write(self) -> None:
        """The question was answered: what it asked is history now."""
        for series, parts in self.asked.items():
            new = join_anchors(parts)
            ids = np.arange(len(new)) + self.newest + 1
            given = dict(zip(new.ids.tolist(), ids.tolist(), strict=True))
            chains = [chain if chain < FIRST_UNWRITTEN else given[chain] for chain in new.chains.tolist()]
            self.newest += len(new)
            self.written[series] = grow(
                self.written.get(series, ()), replace(new, ids=ids, chains=np.array(chains, np.int64))
            )
        self.asked, self.waiting = {}, {}


class Forgetting:
    """Nothing is settled with anything."""

    def settle(self, column: AskedColumn) -> NDArray[np.float64]:
        """Its own values."""
        return column.values

    def conclude(self, column: AskedColumn, published: NDArray[np.float64]) -> None:
        """Nothing to learn."""

    def write(self) -> None:
        """Nothing to remember."""
