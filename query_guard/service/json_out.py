"""An answer as JSON, column by column, for clients without Arrow (the R client). The same table, the same receipt.

A column that holds a whole number beyond 2^53 - 1 is written as text, since JSON's readers would round it.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from query_guard.outcome import QueryResult
from query_guard.plain_rows import plain, sql_type, values_of
from query_guard.service.arrow_out import about_answer

MEDIA_TYPE = "application/json"
SUPPRESSED_FIELD = b"sde.suppressed"
EXACT = 2**53 - 1  # the largest whole number that a double holds with all smaller ones


def wants_json(accept: str) -> bool:
    """Whether the caller's Accept header names JSON before Arrow; `*/*` and nothing mean Arrow."""
    return accept.partition(",")[0].partition(";")[0].strip().lower() == MEDIA_TYPE


def as_json(result: QueryResult, table: pa.Table) -> bytes:
    """`{"about": {...}, "rows": n, "columns": [{"name", "type", "suppressed": [row], "values": [...]}]}`.

    `type` is the SQL name; rows count from 0; a suppressed cell is null and its row is listed.
    """
    columns = [_column(field, column) for field, column in zip(table.schema, table.columns, strict=True)]
    answer = {"about": about_answer(result), "rows": table.num_rows, "columns": columns}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _column(field: pa.Field, column: pa.ChunkedArray) -> dict[str, Any]:
    values = [plain(value) for value in values_of(column)]
    if any(isinstance(value, int) and abs(value) > EXACT for value in values):
        values = [None if value is None else str(value) for value in values]
    return {
        "name": field.name,
        "type": sql_type(field.type),
        "suppressed": json.loads((field.metadata or {}).get(SUPPRESSED_FIELD, b"[]")),
        "values": values,
    }
