"""How many rows the people of a cell have, as far as that may be told.

Promise: where most people have the same number of rows, the rows of a few who have another do not show. If everybody
had one row and four people eight more, rows less people would be the rows of those four. So a *common* number of rows
is one that `threshold` people have, and fewer others than that are counted as if they had the next common number below
their own (or the least). Where no number is common, or the others are many, rows are what they are.
"""

from __future__ import annotations

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.policy.rules.cells import Cells, Counts, Mask, Numbers


def shared_rows(cells: Cells, spread: str, total: Numbers, profile: DisclosureProfile) -> Numbers:
    """(cells,), the rows of each cell. `spread` names the column that holds how many people have how many rows, those
    without rows left out; `total` is the true number."""
    cell, rows, people = cells.spread(spread)
    common = people >= profile.threshold
    some_common = _by_cell(cells, cell, common.astype(np.float64)) > 0
    few_others = some_common & (_by_cell(cells, cell, np.where(common, 0, people)) < profile.threshold)
    moving = ~common & few_others[cell]
    nearest = _next_common(cell, common)
    own = _by_cell(cells, cell, np.where(moving, people * (rows[nearest] - rows), 0))
    return np.asarray(total + own, dtype=np.float64)


def _by_cell(cells: Cells, cell: Counts, numbers: Numbers | Counts) -> Numbers:
    return np.asarray(np.bincount(cell, weights=numbers, minlength=cells.size), dtype=np.float64)


def _next_common(cell: Counts, common: Mask) -> Counts:
    """For each entry the place of the common one before it in its cell, or else behind it."""
    places = np.arange(len(cell))
    if not len(cell):
        return places
    before = np.maximum.accumulate(np.where(common, places, 0))
    behind = np.minimum.accumulate(np.where(common, places, len(cell) - 1)[::-1])[::-1]
    inside = common[before] & (cell[before] == cell)
    return np.where(inside, before, behind)
