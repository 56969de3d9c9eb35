"""Which set of people each published number rests on, for the record. Promise: no count of people is in it."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pyarrow as pa

from governance.answers import Ground, Value, rows_kept
from query_guard.plain_rows import values_of
from query_guard.policy.plan import CellPlan
from query_guard.policy.rules.cells import Cells, Mask

SKETCH_BYTES = 32
T = TypeVar("T")


def grounds_of(cells: Cells, plan: CellPlan, table: pa.Table, shown: Mask) -> tuple[Ground, ...]:
    """One a row of the protected table, in order; only the first where there are very many.

    Args:
        cells: the raw cells of the step.
        plan: of the step.
        table: what is published of it, the rows of `shown`.
        shown: which cells have a row, shape (cells,).
    """
    most = rows_kept(len(plan.keys) + len(plan.statistics))
    places = np.flatnonzero(shown)[:most]
    table = table.slice(0, len(places))
    labels = _rows([table.column(key) for key in plan.keys], len(places))
    numbers = _rows([table.column(one.name) for one in plan.statistics], len(places))
    packed = {name: _packed(cells, name, places) for name in {one.people_sketch for one in plan.statistics}}
    sketches = _transposed([packed[one.people_sketch] for one in plan.statistics], len(places))
    return tuple(Ground(*row) for row in zip(labels, numbers, sketches, strict=True))


def plain(value: object) -> Value:
    """A cell as JSON can hold it; a day or a moment as ISO 8601, a number that is none as nothing."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _rows(columns: list[pa.ChunkedArray], size: int) -> list[tuple[Value, ...]]:
    return _transposed([[plain(value) for value in values_of(column)] for column in columns], size)


def _transposed(columns: list[list[T]], size: int) -> list[tuple[T, ...]]:
    return list(zip(*columns, strict=True)) if columns else [()] * size


def _packed(cells: Cells, name: str, places: np.ndarray) -> list[bytes]:
    """The bytes of each sketch, as the history of answers holds them."""
    whole = cells.sketch(name)[places].astype("<u8").tobytes()
    return [whole[begin : begin + SKETCH_BYTES] for begin in range(0, len(whole), SKETCH_BYTES)]
