"""An answer's table as plain JSON values: dates as ISO text, decimals as numbers, what is no number as null."""

from __future__ import annotations

import math
from datetime import date, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

#: Arrow's types by the names SQL has for them; what is missing keeps Arrow's name in capitals.
SQL_TYPES = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.decimal128(38, 0): "HUGEINT",
}


def columns_of(table: pa.Table) -> list[dict[str, str]]:
    """`[{"name", "type"}]`, in order; two columns may have one name."""
    return [{"name": field.name, "type": sql_type(field.type)} for field in table.schema]


def sql_type(kind: pa.DataType) -> str:
    """The SQL name of an Arrow type."""
    if kind in SQL_TYPES:
        return SQL_TYPES[kind]
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return str(kind).upper()


def rows_of(table: pa.Table) -> list[list[Any]]:
    """Row by row, in the order of the columns."""
    columns = [[plain(value) for value in values_of(column)] for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """The cells as Python's values. A day or moment beyond Python's calendar (DuckDB has an infinite one) is None."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        return [_value_of(cell) for cell in column]


def _value_of(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except (OverflowError, ValueError):
        return None


def plain(value: Any) -> Any:
    """One cell as JSON can hold it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return (int(value) if value == value.to_integral_value() else float(value)) if value.is_finite() else None
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)
