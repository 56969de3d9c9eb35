"""Stage 10's shape: final names, hidden cells null and listed, companions gone."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from query_guard.policy.plan import Answer, OutputColumn, Plan, Protected

SUPPRESSED_KEY = "sde.suppressed"


def finish(plan: Plan, outer: pa.Table, protected: Protected) -> Answer:
    """The answer of a plan.

    Args:
        plan: the plan.
        outer: what the data-free engine returned for `plan.outer_sql` over `protected.table`.
        protected: stage 8's result, for the number of hidden rows.
    """
    arrays, fields, flags, cells = [], [], {}, 0
    for column in plan.columns:
        array, hidden = _split(outer, column)
        metadata = {SUPPRESSED_KEY: json.dumps(hidden)} if hidden else None
        arrays.append(array)
        fields.append(pa.field(column.name, array.type, metadata=metadata))
        if hidden:
            flags[column.name] = _reason(plan.threshold)
            cells += len(hidden)
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    return Answer(table, flags, protected.suppressed_rows, cells)


def _split(outer: pa.Table, column: OutputColumn) -> tuple[pa.Array, list[int]]:
    """The column's values, null wherever its companion says hidden, and the numbers of those rows."""
    values = outer.column(column.source).combine_chunks()
    if not column.companion:
        return values, []
    hidden = np.asarray(outer.column(column.companion).combine_chunks().to_numpy(zero_copy_only=False), dtype=np.bool_)
    rows = [int(row) for row in np.flatnonzero(hidden)]
    if rows:  # the outer SQL has made them null already; this is the second lock
        values = pc.if_else(pa.array(hidden), pa.scalar(None, values.type), values)
    return values, rows


def _reason(threshold: int) -> str:
    """One text for all causes: telling which rule hid a cell would tell on which side of it the number lies."""
    return (
        f"Some cells are hidden: they, or what is left without them, rest on fewer than {threshold} people, or one or"
        " two people make up nearly all of them, or a join repeats people's rows."
    )
