"""The audit of one table: which hidden cells can a reader still pin down, and what to hide so that nobody can.

Promise: a cell counts as safe only if two whole tables are at hand that the reader cannot tell from the true one and in
which the cell differs by its protection. Every table found serves all cells, and stays good when more is hidden.
"""

from __future__ import annotations

import numpy as np

from query_guard.margins.cells import OutOfReachError
from query_guard.margins.programs import Programs
from query_guard.margins.relations import Relations
from query_guard.margins.table import Codes, MarginTable, Mask, Numbers

_SEED = 7  # any number, the same for every table
_ROUNDS = 4  # more of them find tables for few further cells
_ASIDE = 0.01  # weight of the other cells in a program for some


class Audit:
    """State of one audit; all arrays have an entry for each cell, in units of the programs, relative to the truth.

    Args:
        table: in its final order: ties are broken by place.
        relations: of this table.
        values: (relations.size,), the true table, completed by values for the unasked cells.
        protection: (cells,), the least width of what a reader may know of a hidden cell.
    """

    def __init__(self, table: MarginTable, relations: Relations, values: Numbers, protection: Numbers) -> None:
        unasked = relations.size - len(table.true)
        unit = 1.0 if table.whole else _unit(protection[protection > 0])
        width = np.ceil(protection) if table.whole else np.maximum(protection / unit, protection > 0) * (1 + 1e-4)
        low, high = table.known_bounds()
        self.hidden: Mask = np.concatenate([table.hidden, np.ones(unasked, dtype=bool)])
        self._needed = np.concatenate([width, np.zeros(unasked)])  # what programs aim at
        self._enough = self._needed * (1.0 if table.whole else 1 - 1e-6)  # what counts, last digits aside
        self._floor = (np.concatenate([table.floors, _lowest_of_all(table, unasked)]) - values) / unit
        self._low, self._high = self._floor.copy(), np.full(relations.size, np.inf)
        shown = np.flatnonzero(~self.hidden)
        self._low[shown], self._high[shown] = (low - table.true)[shown] / unit, (high - table.true)[shown] / unit
        self._cost = _cost(values, relations, len(table.true))
        self._relations = relations
        self._programs = Programs(relations, values / unit, whole=table.whole)
        self._lowest, self._highest = np.zeros(relations.size), np.zeros(relations.size)

    def unsafe(self) -> Codes:
        """Places of the hidden cells that are not shown to be safe yet."""
        return np.flatnonzero(self._short())

    def explore(self) -> None:
        """Look for tables in which many cells lie far from the truth at once: some up, some down, then the reverse.

        Which ones go up is drawn (with a fixed seed): all in one direction would be in one another's way.
        """
        draw = np.random.default_rng(_SEED)
        pending = self.unsafe().size + 1
        for _ in range(_ROUNDS):
            if not 0 < self.unsafe().size < pending:
                return
            pending = self.unsafe().size
            up = draw.random(self.hidden.size) < 0.5
            self._push(up)
            self._push(~up)

    def make_safer(self, cells: Codes) -> None:
        """Make these cells safe, or at least hide one cell more: as cheaply as one program can tell."""
        found = self._rise(cells)
        if (found is None or found[1].any()) and self._fall(cells):  # how low they can be costs nothing: ask again
            found = self._rise(cells)
        if found is not None:
            self._hide(np.flatnonzero(found[1]))
            self._record(self._programs.held(found[0], self._low, self._high))
        if (found is None or not found[1].any()) and np.isin(cells, self.unsafe()).any():
            if cells.size > 1:
                self.make_safer(cells[:1])
            else:
                self._hide(self._nearest(int(cells[0])))

    def _rise(self, cells: Codes) -> tuple[Numbers, Mask] | None:
        """The cheapest way to let the cells be as high as they need to be, and what has to be hidden for it."""
        low = self._low.copy()
        low[cells] = self._lowest[cells] + self._needed[cells]
        found = self._programs.cheapest(self._cost, low, self._high, self._floor)
        return None if found is None else (found[0], found[1] & ~self.hidden)

    def _fall(self, cells: Codes) -> bool:
        """Did a program find a table in which one of the cells is lower than in all so far?"""
        before = self._lowest[cells]
        weight = np.full(self.hidden.size, _ASIDE)
        weight[cells] = 1.0
        self._push(np.zeros_like(self.hidden), weight)
        return bool((self._lowest[cells] < before).any())

    def _push(self, up: Mask, weight: float | Numbers = 1.0) -> None:
        """One program: the cells that are not safe yet as high, or low, as they need to be, or near to it."""
        short = self._short()
        gain = np.where(short, np.where(up, weight, -weight), 0.0) / np.where(short, self._needed, 1.0)
        high = np.where(short & up, np.minimum(self._high, self._lowest + self._needed), self._high)
        low = np.where(short & ~up, np.maximum(self._low, self._highest - self._needed), self._low)
        self._record(self._programs.best(gain, low, high))

    def _short(self) -> Mask:
        short: Mask = self.hidden & (self._highest - self._lowest < self._enough)
        return short

    def _record(self, displacement: Numbers | None) -> None:
        if displacement is not None:
            self._lowest = np.minimum(self._lowest, displacement)
            self._highest = np.maximum(self._highest, displacement)

    def _hide(self, cells: Codes) -> None:
        self.hidden[cells] = True
        self._low[cells], self._high[cells] = self._floor[cells], np.inf

    def _nearest(self, cell: int) -> Codes:
        """The cheapest shown cell that shares a relation with this one, or else the cheapest of all."""
        shown = ~self.hidden
        near = shown & self._relations.neighbours(cell)
        candidates = np.flatnonzero(near if near.any() else shown)
        if not candidates.size:
            raise OutOfReachError
        return candidates[[np.argmin(self._cost[candidates])]]


def _lowest_of_all(table: MarginTable, unasked: int) -> Numbers:
    return np.full(unasked, 0.0 if table.nonnegative else -np.inf)


def _unit(protection: Numbers) -> float:
    """Programs like numbers near one: the least protection asked for, unless others are a million times that (then the
    small ones are raised)."""
    return max(float(protection.min()), float(protection.max()) * 1e-6) if protection.size else 1.0


def _cost(values: Numbers, relations: Relations, shown: int) -> Numbers:
    """Price of each unit by which a cell must leave what is published of it: margins and large cells are dearer."""
    mean = np.abs(values[:shown]).mean() or 1.0
    size = 1 + np.log1p(np.abs(values) / mean)
    price: Numbers = size * (1 + relations.coarseness) * (1 + 1e-6 * np.arange(relations.size))
    return price
