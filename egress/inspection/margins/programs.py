"""Linear programs for sums that form circles (rows and columns of one table): the least and most of one hidden cell.

The only module here that loads the solver (HiGHS, by way of SciPy), so only the auditing child pays for it. A solver
that fails leaves a cell without an answer, and the cell is for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

import numpy as np
from scipy import sparse
from scipy.optimize import OptimizeResult, linprog

from egress.inspection.margins.sums import Sum
from egress.inspection.margins.system import Bounds

NEAR = 1e-6  # a bound this close to a whole number is that number
MOST_CELLS = 6_000
MOST_PROGRAMS = 400  # for one group of sums; about four a hidden cell and millisecond each
INFEASIBLE, UNBOUNDED = 2, 3


class ContradictionError(Exception):
    """The sums cannot all hold, so at least one of them is none."""


def spans(sums: Sequence[Sum], bounds: Bounds, wanted: Iterable[int], enough: int) -> dict[int, tuple[float, float]]:
    """(least, most) of each wanted cell, in whole numbers; a span of `enough` or more may be told too narrow.

    Cells without an answer are left out. Where the sums contradict one another, the bounds are the answer.
    """
    wanted = list(wanted)
    try:
        return _spans(sums, bounds, wanted, enough)
    except ContradictionError:
        return {cell: (bounds.low[cell], bounds.high[cell]) for cell in wanted}


def _spans(sums: Sequence[Sum], bounds: Bounds, wanted: Sequence[int], enough: int) -> dict[int, tuple[float, float]]:
    cells = sorted({cell for each in sums for cell in (each.total, *each.parts)})
    if len(cells) > MOST_CELLS:
        return {}
    programs = _Programs(sums, bounds, cells)
    answers = {}
    for cell in wanted:
        found = programs.span(cell, enough)
        if found is not None:
            answers[cell] = found
    return answers


class _Programs:
    """All programs over one group of sums; what one finds possible is remembered for the others."""

    def __init__(self, sums: Sequence[Sum], bounds: Bounds, cells: Sequence[int]) -> None:
        self._place = {cell: place for place, cell in enumerate(cells)}
        rows = [row for row, each in enumerate(sums) for _ in (each.total, *each.parts)]
        columns = [self._place[cell] for each in sums for cell in (each.total, *each.parts)]
        values = [sign for each in sums for sign in (-1.0, *(1.0 for _ in each.parts))]
        self._equal = sparse.csr_array((values, (rows, columns)), shape=(len(sums), len(cells)))
        self._bounds = [(bounds.low[cell], None if bounds.high[cell] == inf else bounds.high[cell]) for cell in cells]
        self._least = np.full(len(cells), inf)
        self._most = np.full(len(cells), -inf)
        self._left = MOST_PROGRAMS

    def span(self, cell: int, enough: int) -> tuple[float, float] | None:
        place = self._place[cell]
        if self._most[place] - self._least[place] >= enough:
            return self._least[place], self._most[place]
        most = self._solve(place, -1.0)
        if most is None or self._most[place] - self._least[place] >= enough:
            return None if most is None else (self._least[place], most)
        least = self._solve(place, 1.0)
        return None if least is None else (np.ceil(least - NEAR), np.floor(most + NEAR))

    def _solve(self, place: int, direction: float) -> float | None:
        """The least (1) or most (-1) of one cell; None without an answer."""
        self._left -= 1
        if self._left < 0:
            return None
        cost = np.zeros(len(self._bounds))
        cost[place] = direction
        result: OptimizeResult = linprog(
            cost, A_eq=self._equal, b_eq=np.zeros(self._equal.shape[0]), bounds=self._bounds, method="highs"
        )
        if result.status == INFEASIBLE:
            raise ContradictionError
        if result.status == UNBOUNDED:
            return inf
        if result.status != 0:
            return None
        self._least, self._most = np.minimum(self._least, result.x), np.maximum(self._most, result.x)
        return float(result.x[place])
