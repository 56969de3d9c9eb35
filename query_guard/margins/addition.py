"""Over which keys a reader may take it that people add up, although nobody said so.

Promise: where the true values add up over a key in every margin, the reader is taken to know it. That people have one
sex and one year of birth is known to everybody; which keys are of that kind is not known here. To assume it can only
make the reader stronger.
"""

from __future__ import annotations

from dataclasses import replace

from query_guard.margins.cells import OutOfReachError
from query_guard.margins.relations import relate
from query_guard.margins.table import MarginTable
from query_guard.margins.unasked import complete


def with_sums_that_hold(table: MarginTable) -> MarginTable:
    """The table with every such key among its `one_group_keys`. An additive table stays as it is."""
    if table.additive:
        return table
    for key in range(table.keys.shape[1]):
        trial = replace(table, one_group_keys=table.one_group_keys | 1 << key)
        if _holds(trial):
            table = trial
    return table


def _holds(table: MarginTable) -> bool:
    try:
        complete(table, relate(table))
    except (ValueError, OutOfReachError):
        return False
    return True
