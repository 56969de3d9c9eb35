"""The numbers of one step, each settled with the history of answers: the whole before its part.

Promise: a number whose condition leaves out fewer people than the threshold is given the number of the whole. So it
does not show whether anybody is left out, and no rule about those who are needs to hide anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.differencing import AskedColumn
from query_guard.policy.history import History
from query_guard.policy.people import SettledPeople
from query_guard.policy.plan import Measure, Shape, Statistic
from query_guard.policy.release import released_values
from query_guard.policy.rules import RULES
from query_guard.policy.rules.cells import Cells, Mask, Numbers

_LARGEST_WHOLE = 2.0**62

_Asked = tuple[AskedColumn, Numbers]


class Settlement:
    """Of one step. `people` are the settled counts that all numbers are made of, `shown` the cells that have a row.

    Raises what the history raises, `too-many-near-questions` among it.
    """

    def __init__(
        self, cells: Cells, profile: DisclosureProfile, history: History, people: SettledPeople, shown: Mask
    ) -> None:
        self._cells = cells
        self._profile = profile
        self._history = history
        self._people = people
        self._shown = shown
        self._asked: dict[tuple[str, str], _Asked] = {}
        self._counted: dict[str, Numbers] = {}  # counts of people by the name of their sketch

    def of(self, statistic: Statistic) -> Numbers:
        """(cells,), what may be published; NaN where it is hidden."""
        for whole in statistic.wholes:
            self.of(whole)
        if statistic.measure is Measure.PEOPLE:  # the settled count itself
            if statistic.sketch not in self._counted:
                self._counted[statistic.sketch] = self._by_rules(statistic)
            return self._counted[statistic.sketch]
        if _name(statistic) not in self._asked:
            column = self._column(statistic)
            self._asked[_name(statistic)] = column, self._history.settle(column)
        return self._asked[_name(statistic)][1]

    def conclude(self, statistics: Sequence[Statistic], published: Sequence[Numbers]) -> None:
        """Say what really leaves of the numbers asked for. A whole that nobody asked for is on record as settled."""
        final = {_name(one): values for one, values in zip(statistics, published, strict=True)}
        for name, (column, settled) in self._asked.items():
            self._history.conclude(column, final.get(name, settled))
        self._people.conclude(
            {
                one.sketch: np.isnan(values) & np.isfinite(self._counted[one.sketch])
                for one, values in zip(statistics, published, strict=True)
                if one.measure is Measure.PEOPLE
            }
        )

    def _column(self, statistic: Statistic) -> AskedColumn:
        cells = self._cells
        return AskedColumn(
            statistic.series,
            statistic.pairs,
            cells.sketch(statistic.sketch),
            cells.there(statistic),
            self._by_rules(statistic),
            cells.sketch(statistic.people_sketch),
        )

    def _by_rules(self, statistic: Statistic) -> Numbers:
        values = released_values(self._cells, statistic, self._people, self._profile)
        hidden = ~np.isfinite(values) | ~self._shown
        for rule in RULES:
            hidden |= rule(self._cells, statistic, self._profile)
        if statistic.shape is Shape.WHOLE:
            hidden |= np.abs(values) > _LARGEST_WHOLE
        return np.where(hidden, np.nan, values).astype(np.float64)


def _name(statistic: Statistic) -> tuple[str, str]:
    return statistic.series, statistic.prefix
