"""The cells of every related level: those of the answer, and those that nobody asked for but that must exist.

Promise: a reader knows of an unasked cell only that its margins have people (a cell with an empty margin is empty).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from query_guard.margins.levels import finest_of
from query_guard.margins.table import Codes

#: Most combinations of keys that a level finer than all those asked may have: each is one more unknown number.
MOST_COMBINATIONS = 1_000


class OutOfReachError(Exception):
    """The table is too large, or took too much work, to be audited: the caller falls back to what needs no audit."""


def cells_of_levels(shown: dict[int, Codes], levels: Sequence[int], limit: int) -> dict[int, Codes]:
    """Keys of the cells by level, finest level first. Raises OutOfReachError for more than `limit` cells in all."""
    cells: dict[int, Codes] = {}
    for level in levels:
        if level in shown:
            cells[level] = shown[level]
        else:
            finer = [keys for known, keys in cells.items() if known & level == known]
            cells[level] = project(finer[0], level) if finer else _join(shown)
        if sum(len(keys) for keys in cells.values()) > limit:
            raise OutOfReachError
    return cells


def project(keys: Codes, level: int) -> Codes:
    """The distinct cells of a coarser level that these cells belong to."""
    return np.unique(aggregate(keys, level), axis=0)


def aggregate(keys: Codes, level: int) -> Codes:
    """The keys with those of the level's bits aggregated away."""
    gone = (level >> np.arange(keys.shape[1])) & 1 == 1
    return np.where(gone, -1, keys)


def parents(keys: Codes, coarser: Codes, level: int) -> Codes:
    """For each cell the place of its margin among the cells of the coarser level. Raises ValueError if it has none."""
    places = {tuple(row): place for place, row in enumerate(coarser.tolist())}
    found = [places.get(tuple(row), -1) for row in aggregate(keys, level).tolist()]
    if -1 in found:
        raise ValueError("a cell has no margin at a coarser level of its answer")
    return np.array(found, dtype=np.int64)


def _join(shown: dict[int, Codes]) -> Codes:
    """Every combination of keys that all the finest levels shown allow."""
    rows: list[list[int]] = [[-1] * next(iter(shown.values())).shape[1]]
    for level in finest_of(shown):
        rows = _extend(rows, shown[level].tolist(), level)
    return np.array(rows, dtype=np.int64)


def _extend(rows: list[list[int]], cells: list[list[int]], level: int) -> list[list[int]]:
    """The natural join of the two on the keys that both have."""
    columns = [key for key in range(len(rows[0])) if not level >> key & 1]
    shared = [key for key in columns if rows[0][key] != -1]
    matching: dict[tuple[int, ...], list[list[int]]] = defaultdict(list)
    for cell in cells:
        matching[tuple(cell[key] for key in shared)].append(cell)
    joined: list[list[int]] = []
    for row in rows:
        for cell in matching[tuple(row[key] for key in shared)]:
            joined.append([cell[key] if key in columns else row[key] for key in range(len(row))])
        if len(joined) > MOST_COMBINATIONS:
            raise OutOfReachError
    return joined
