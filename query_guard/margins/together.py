"""Complementary suppression of several measures of one answer that tell of one another.

Promise: one mask for all. A count of rows and a count of people over a table with one row a person are the same number:
what is hidden in one and shown in the other is not hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from query_guard.margins.hiding import hide_more
from query_guard.margins.table import MarginTable, Mask, Numbers


def hide_together(tables: Sequence[MarginTable], protections: Sequence[Numbers]) -> Mask:
    """Cells to hide in all of these tables; those that one of them hides already are included.

    Args:
        tables: measures of the same cells in the same order, at least one.
        protections: one array for each table, as in `hide_more`.

    Raises:
        ValueError: as `hide_more` does.
    """
    hidden: Mask = np.logical_or.reduce([table.hidden for table in tables])
    while True:
        before = hidden.copy()
        for table, protection in zip(tables, protections, strict=True):
            hidden |= hide_more(replace(table, published=np.where(hidden, np.nan, table.published)), protection)
        if np.array_equal(hidden, before):
            return hidden
