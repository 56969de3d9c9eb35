"""The attacker's equations: what the cells of an answer have to do with one another, as two sparse matrices.

Promise: built once for a table, from levels and keys alone. Neither published nor true values enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from query_guard.margins.cells import OutOfReachError, cells_of_levels, parents
from query_guard.margins.levels import covering_pairs, related_levels
from query_guard.margins.table import Codes, MarginTable, Mask

#: A table with more cells than this, the unasked ones included, is not audited.
MOST_CELLS = 5_500

#: Nor an answer with more levels: CUBE over six keys has 64.
MOST_LEVELS = 64


@dataclass(frozen=True)
class Relations:
    """`equal @ values == 0` and `at_least @ values >= 0` for the values of all cells.

    Attributes:
        size: all cells: those of the table in its order, then the unasked ones.
        coarseness: (size,), how many keys are aggregated away.
        equal: (equations, size), a margin is the sum of its parts.
        at_least: (inequalities, size), a margin is at least each part, and the parts together at least the margin.
    """

    size: int
    coarseness: Codes
    equal: Any
    at_least: Any

    @property
    def finest(self) -> Mask:
        """(size,), the cells of the finest levels."""
        finest: Mask = self.coarseness == self.coarseness.min()
        return finest

    def neighbours(self, cell: int) -> Mask:
        """(size,), the cells that share a relation with this one."""
        found = np.zeros(self.size, dtype=bool)
        for matrix in (self.equal, self.at_least):
            shared = matrix[matrix[:, [cell]].nonzero()[0]]
            found[shared.nonzero()[1]] = True
        found[cell] = False
        return found


def relate(table: MarginTable) -> Relations:
    """The relations of a table. Raises ValueError for a cell without a margin, OutOfReachError for too many cells."""
    every_key = (1 << table.keys.shape[1]) - 1
    adds_up = every_key if table.additive else table.one_group_keys & every_key
    shown = {int(level): np.flatnonzero(table.levels == level) for level in np.unique(table.levels)}
    levels = related_levels(shown, every_key, 0 if table.additive else adds_up)
    if len(levels) > MOST_LEVELS:
        raise OutOfReachError
    cells = cells_of_levels({level: table.keys[at] for level, at in shown.items()}, levels, MOST_CELLS)
    places = _places(shown, cells)
    equal, at_least = _Rows(), _Rows()
    for finer, coarser in covering_pairs(levels):
        parts, margins = places[finer], places[coarser]
        of = parents(cells[finer], cells[coarser], coarser)
        if coarser & ~finer & ~adds_up:
            at_least.add_covers(parts, margins, of)
            at_least.add_shares(parts, margins, of)
        else:
            equal.add_covers(parts, margins, of)
    size = sum(len(at) for at in places.values())
    coarseness = np.empty(size, dtype=np.int64)
    for level, at in places.items():
        coarseness[at] = level.bit_count()
    return Relations(size, coarseness, equal.matrix(size), at_least.matrix(size))


def _places(shown: dict[int, Codes], cells: dict[int, Codes]) -> dict[int, Codes]:
    """Where the cells of each level stand: those shown as in the table, the others behind them."""
    places, size = dict(shown), sum(len(at) for at in shown.values())
    for level in (level for level in cells if level not in shown):
        places[level] = np.arange(size, size + len(cells[level]))
        size += len(cells[level])
    return places


class _Rows:
    """Collects sparse rows."""

    def __init__(self) -> None:
        self._rows: list[Codes] = []
        self._columns: list[Codes] = []
        self._values: list[Codes] = []
        self._count = 0

    def add_covers(self, parts: Codes, margins: Codes, of: Codes) -> None:
        """One row a margin: the sum of its parts less the margin."""
        self._entries(of, parts, 1)
        self._entries(np.arange(len(margins)), margins, -1)
        self._count += len(margins)

    def add_shares(self, parts: Codes, margins: Codes, of: Codes) -> None:
        """One row a part: its margin less the part."""
        self._entries(np.arange(len(parts)), margins[of], 1)
        self._entries(np.arange(len(parts)), parts, -1)
        self._count += len(parts)

    def matrix(self, size: int) -> Any:
        entries = [np.concatenate(part) if part else np.zeros(0) for part in (self._values, self._rows, self._columns)]
        values, rows, columns = entries
        return sparse.csr_array((values.astype(float), (rows.astype(int), columns.astype(int))), (self._count, size))

    def _entries(self, rows: Codes, columns: Codes, value: int) -> None:
        self._rows.append(rows + self._count)
        self._columns.append(columns)
        self._values.append(np.full(len(columns), value))
