"""Tables with margins to protect, and attackers on them that share no code with the guard.

The attackers do not know levels, displacements or equations between margins: they look for whole worlds (joint tables
of all keys, or people with the groups they fall in) that agree with everything published.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, milp

from query_guard.margins import MarginTable

BASE, THRESHOLD = 5, 10

Cells = Sequence[tuple[int, Sequence[int], int]]  # level, keys, true value
Person = frozenset[tuple[int, ...]]  # the cells of the finest level that a person falls in


def counts_with_margins(counts: NDArray[np.int64], levels: Sequence[int] | None = None) -> MarginTable:
    """The cube (or the levels asked) over an array of counts, small cells hidden, the others rounded. Zeros are absent:
    GROUP BY shows no empty group."""
    keys, cells = counts.ndim, []
    for level in range(1 << keys) if levels is None else levels:
        gone = tuple(key for key in range(keys) if level >> key & 1)
        sums = counts.sum(axis=gone, keepdims=True)
        for place in np.argwhere(sums > 0).tolist():
            cells.append((level, [-1 if key in gone else place[key] for key in range(keys)], int(sums[tuple(place)])))
    return counted_table(cells, keys)


def people_with_margins(people: Sequence[tuple[Person, int]], keys: int, one_group_keys: int = 0) -> MarginTable:
    """The cube over numbers of people by the set of cells that they fall in."""
    cells: list[tuple[int, Sequence[int], int]] = []
    for level in range(1 << keys):
        found: dict[tuple[int, ...], int] = {}
        for falls_in, number in people:
            for group in {tuple(-1 if level >> key & 1 else row[key] for key in range(keys)) for row in falls_in}:
                found[group] = found.get(group, 0) + number
        cells.extend((level, group, number) for group, number in sorted(found.items()) if number)
    return counted_table(cells, keys, additive=False, one_group_keys=one_group_keys)


def counted_table(cells: Cells, keys: int, *, additive: bool = True, one_group_keys: int = 0) -> MarginTable:
    """Hidden below the threshold, rounded otherwise."""
    true = np.array([value for _, _, value in cells], dtype=float)
    return MarginTable(
        levels=np.array([level for level, _, _ in cells], dtype=np.int64),
        keys=np.array([codes for _, codes, _ in cells], dtype=np.int64).reshape(len(cells), keys),
        published=np.where(true < THRESHOLD, np.nan, np.floor(true / BASE + 0.5) * BASE),
        true=true,
        half_widths=np.full(len(true), BASE / 2),
        additive=additive,
        least_published=THRESHOLD,
        one_group_keys=one_group_keys,
    )


def sums_with_margins(sums: NDArray[np.float64], hidden: NDArray[np.bool_]) -> MarginTable:
    """The cube over an array of non-negative sums, published with three significant figures, some cells hidden."""
    keys, levels, codes, true, hide = sums.ndim, [], [], [], []
    for level in range(1 << keys):
        gone = tuple(key for key in range(keys) if level >> key & 1)
        total = sums.sum(axis=gone, keepdims=True)
        for place in np.ndindex(total.shape):
            levels.append(level)
            codes.append([-1 if key in gone else place[key] for key in range(keys)])
            true.append(total[place])
            hide.append(level == 0 and bool(hidden[place]))
    values = np.array(true)
    step = 10.0 ** (np.floor(np.log10(np.maximum(values, 1e-9))) - 2)
    published = np.where(hide, np.nan, np.round(values / step) * step)
    return MarginTable(
        np.array(levels), np.array(codes), published, values, step / 2 * (1 + 1e-9), additive=True, whole=False
    )


def after(table: MarginTable, more: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What is published in the end."""
    return np.where(more, np.nan, table.published)


def widths_by_enumeration(table: MarginTable, published: NDArray[np.float64], highest: int) -> NDArray[np.float64]:
    """(cells,), most less least of each over every joint table of whole numbers, hidden cells up to `highest`, that
    would have been published like this. Needs the finest level in the table. Only for a handful of cells."""
    finest = np.flatnonzero(table.levels == 0)
    parts = [[place for place, one in enumerate(finest) if _covers(keys, table.keys[one])] for keys in table.keys]
    least, most = np.full(len(published), np.inf), np.full(len(published), -np.inf)
    shown = np.flatnonzero(~np.isnan(published))
    for block in _blocks([_like(published[cell], highest) for cell in finest]):
        values = np.stack([block[:, part].sum(axis=1) for part in parts], axis=1)
        agreeing = values[(_rounded(values[:, shown]) == published[shown]).all(axis=1)]
        if len(agreeing):
            least, most = np.minimum(least, agreeing.min(axis=0)), np.maximum(most, agreeing.max(axis=0))
    widths: NDArray[np.float64] = most - least
    return widths


def widths_by_joint_table(table: MarginTable, published: NDArray[np.float64]) -> NDArray[np.float64]:
    """(cells,), the same over all joint tables of all keys, asked or not, by dense programs; NaN where published."""
    codes = [sorted({int(code) for code in column} - {-1}) or [-1] for column in table.keys.T]
    worlds = [row for row in itertools.product(*codes) if _exists(table, row)]
    counted = np.array([[_covers(keys, row) for row in worlds] for keys in table.keys], dtype=float)
    return _widths(table, published, counted, whole=table.whole)


def widths_by_people(table: MarginTable, published: NDArray[np.float64]) -> NDArray[np.float64]:
    """(cells,), the same where a person may fall in several cells of the finest level (but has one value only of the
    one-group keys): worlds are numbers of people by the set of cells they fall in. Only for a handful of cells."""
    finest = [tuple(keys) for keys in table.keys[table.levels == 0].tolist()]
    single = [key for key in range(table.keys.shape[1]) if table.one_group_keys >> key & 1]
    kinds = [
        kind
        for size in range(1, len(finest) + 1)
        for kind in itertools.combinations(finest, size)
        if len({tuple(row[key] for key in single) for row in kind}) == 1
    ]
    counted = np.array(
        [[any(_covers(keys, row) for row in kind) for kind in kinds] for keys in table.keys], dtype=float
    )
    return _widths(table, published, counted, whole=False)


def _widths(
    table: MarginTable, published: NDArray[np.float64], counted: NDArray[np.float64], *, whole: bool
) -> NDArray[np.float64]:
    """`counted`: (cells, worlds), how much of a cell one unit of each world is."""
    shown = np.flatnonzero(~np.isnan(published))
    if table.whole:
        known = [_like(published[cell], 0) for cell in shown]
        low, high = np.array([(one[0], one[-1]) for one in known], dtype=float).reshape(-1, 2).T
    else:
        low, high = (published - table.half_widths)[shown], (published + table.half_widths)[shown]
    rows, ends = np.vstack([counted[shown], -counted[shown]]), np.concatenate([high, -low])
    widths = np.full(len(published), np.nan)
    for cell in np.flatnonzero(np.isnan(published)):
        widths[cell] = -_least(-counted[cell], rows, ends, whole=whole) - _least(counted[cell], rows, ends, whole=whole)
    return widths


def _least(what: NDArray[np.float64], rows: NDArray[np.float64], ends: NDArray[np.float64], *, whole: bool) -> float:
    if not (what < 0).any() and not len(rows):
        return 0.0
    if whole:  # a cap instead of infinity: the solver for whole numbers does not like unbounded programs
        result = milp(what, integrality=np.ones_like(what), bounds=(0, 1e5), constraints=(rows, -np.inf, ends))
    else:
        result = linprog(what, A_ub=rows, b_ub=ends, bounds=(0, 1e12), method="highs-ipm")
    assert result.status == 0, result.message
    return float(result.fun)


def _like(published: float, highest: int) -> list[int]:
    """The whole numbers that would have been published like this; all up to `highest` where nothing was."""
    if np.isnan(published):
        return list(range(highest + 1))
    around = np.arange(int(published) - BASE, int(published) + BASE + 1)
    return [int(value) for value in around[_rounded(around) == published]]


def _rounded(values: NDArray[np.int64]) -> NDArray[np.float64]:
    """Half up; below the threshold nothing is published."""
    return np.where(values < THRESHOLD, np.nan, (2 * values + BASE) // (2 * BASE) * BASE)


def _blocks(options: list[list[int]]) -> Iterator[NDArray[np.int64]]:
    """All combinations, some ten thousand at a time."""
    combinations = itertools.product(*options)
    while block := list(itertools.islice(combinations, 50_000)):
        yield np.array(block)


def _covers(margin: Sequence[int], row: Sequence[int]) -> bool:
    return all(key in (-1, code) for key, code in zip(margin, row, strict=True))


def _exists(table: MarginTable, row: Sequence[int]) -> bool:
    """An empty group is no cell of the answer."""
    levels = np.unique(table.levels)
    return all(any(_covers(keys, row) for keys in table.keys[table.levels == level]) for level in levels)
