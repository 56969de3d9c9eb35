"""Stage 10's shape: final names, hidden cells null and listed, companions gone."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from query_guard.policy.plan import Answer, OutputColumn, Plan

SUPPRESSED_KEY = "sde.suppressed"
_PARTIAL, _HIDDEN = 1, 2  # see relations.states


def finish(plan: Plan, last: pa.Table, suppressed_rows: int, numbers: int = 0) -> Answer:
    """The answer of a plan.

    Args:
        plan: the plan.
        last: the table of its last step.
        suppressed_rows: about how many groups stage 8 hid, as far as that may be told.
        numbers: how many it published.
    """
    arrays, fields, flags, cells = [], [], {}, 0
    for column in plan.columns:
        array, states = _split(last, column)
        hidden = [int(row) for row in np.flatnonzero(states == _HIDDEN)]
        fields.append(
            pa.field(column.name, array.type, metadata={SUPPRESSED_KEY: json.dumps(hidden)} if hidden else None)
        )
        arrays.append(array)
        cells += len(hidden)
        reasons = [*column.notes]
        if hidden and not any(note.startswith("not released") for note in column.notes):
            reasons.append(_reason(plan.threshold))
        if (states == _PARTIAL).any():
            reasons.append("Some of these are computed without cells that are hidden.")
        if reasons:
            flags[column.name] = " ".join(reasons)
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    return Answer(table, flags, suppressed_rows, cells, numbers)


def _split(last: pa.Table, column: OutputColumn) -> tuple[pa.Array, np.ndarray]:
    """The column's values, null wherever its companion says hidden, and the companions."""
    values = last.column(column.source).combine_chunks()
    if not column.state:
        return values, np.zeros(last.num_rows, dtype=np.int8)
    found = last.column(column.state).combine_chunks().cast(pa.int8()).fill_null(_HIDDEN)
    states = np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int8)
    if (states == _HIDDEN).any():  # the SQL has made them null already; this is the second lock
        values = pc.if_else(pa.array(states == _HIDDEN), pa.scalar(None, values.type), values)
    return values, states


def _reason(threshold: int) -> str:
    """One text for all causes: telling which rule hid a cell would tell on which side of it the number lies."""
    return (
        f"Some cells are hidden: they rest on fewer than {threshold} people, or one or two people make up nearly all of"
        " them, or a join repeats people's rows, or they would give a hidden cell away."
    )
