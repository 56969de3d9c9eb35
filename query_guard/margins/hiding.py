"""Complementary suppression: what else to hide in an answer with margins, so that nothing hidden can be worked out.

Promise: whatever is hidden in the end, for every hidden cell with a protection there are two tables with the same
published values, the same margins and no impossible value, in which the cell differs by at least its protection.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from query_guard.margins.addition import with_sums_that_hold
from query_guard.margins.audit import Audit
from query_guard.margins.cells import OutOfReachError
from query_guard.margins.fallback import keep_finest
from query_guard.margins.relations import relate
from query_guard.margins.table import Codes, MarginTable, Mask, Numbers
from query_guard.margins.unasked import complete

_EVERY = 10  # one program for every so-manieth unsafe cell: one for each would hide a little less and take far longer


def hide_more(table: MarginTable, protection: Numbers) -> Mask:
    """Cells to hide besides those hidden already.

    Args:
        table: the cells of one measure at all levels of one answer.
        protection: (cells,), the least width of the interval that a reader may derive for a cell, in the unit of the
            measure, if the cell is hidden in the end. Zero: being hidden is enough.

    Raises:
        ValueError: cells, true values or protections contradict one another (the caller's mistake).
    """
    if protection.shape != table.true.shape or not (np.isfinite(protection) & (protection >= 0)).all():
        raise ValueError("protection must be a finite number, zero or more, for every cell")
    more = np.zeros(len(table.true), dtype=bool)
    if table.hidden.all() or not table.hidden.any() or np.unique(table.levels).size == 1:
        return more
    order = _fixed_order(table)
    more[order] = _hide_more(_reordered(table, order), protection[order])
    return more


def _hide_more(table: MarginTable, protection: Numbers) -> Mask:
    try:
        table = with_sums_that_hold(table)
        relations = relate(table)
        audit = Audit(table, relations, complete(table, relations), protection)
        audit.explore()
        while (unsafe := audit.unsafe()).size:
            audit.make_safer(unsafe[::_EVERY])
        hidden = audit.hidden[: len(table.true)]
    except OutOfReachError:
        hidden = keep_finest(table, protection)
    return hidden & ~table.hidden


def _fixed_order(table: MarginTable) -> Codes:
    """Finest level first, then by level and keys: the answer must not depend on the order of its rows."""
    coarseness = (table.keys == -1).sum(axis=1)
    order: Codes = np.lexsort((*table.keys.T[::-1], table.levels, coarseness))
    return order


def _reordered(table: MarginTable, order: Codes) -> MarginTable:
    return replace(
        table,
        levels=table.levels[order],
        keys=table.keys[order],
        published=table.published[order],
        true=table.true[order],
        half_widths=table.half_widths[order],
    )
