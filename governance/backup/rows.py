"""The register's tables as JSON lines, and back. Promise: what is read is one moment; a row comes back as it was, into
SQLite or PostgreSQL, whichever it came from.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import groupby, islice
from typing import Any

from alembic import command
from sqlalchemy import Connection, DateTime, MetaData, Table, func, insert, select, text

from governance.migrations import make_config
from governance.migrations.append_only import TABLES as APPEND_ONLY

VERSION = "alembic_version"
BATCH = 1_000  # rows written at a time


def dump(connection: Connection) -> Iterator[str]:
    """Each row as a line (without line end): the table's name, then the values by column; parents before children."""
    for table in _tables(connection).sorted_tables:
        order = [*table.primary_key.columns] or [*table.columns]
        for row in connection.execute(select(table).order_by(*order).execution_options(yield_per=BATCH)):
            values = {name: _write(value) for name, value in row._mapping.items()}
            yield json.dumps([table.name, values], separators=(",", ":"))


def load(connection: Connection, schema: str, lines: Iterable[str]) -> int:
    """Make the tables of that schema in an empty database and fill them; returns how many rows. Raises ValueError."""
    command.upgrade(make_config(connection), schema)
    tables = _tables(connection)
    for table in reversed(tables.sorted_tables):  # what a migration wrote into an empty register is in the backup, too
        if table.name not in {*APPEND_ONLY, VERSION}:
            connection.execute(table.delete())
    rows = 0
    for name, group in groupby(map(json.loads, lines), key=lambda line: line[0]):
        if name == VERSION:
            continue
        table, found = tables.tables[name], (values for _, values in group)
        while batch := [_row(table, values) for values in islice(found, BATCH)]:
            connection.execute(insert(table), batch)
            rows += len(batch)
    if connection.dialect.name == "postgresql":
        _count_on(connection, tables)
    return rows


def _tables(connection: Connection) -> MetaData:
    metadata = MetaData()
    metadata.reflect(connection)
    return metadata


def _write(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
        return {"moment": moment.isoformat(timespec="microseconds")}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    return value


def _row(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    return {name: _read(table, name, value) for name, value in values.items()}


def _read(table: Table, column: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, written),) = value.items()
    if kind == "moment":
        moment = datetime.fromisoformat(written)
        kind_of = table.c[column].type
        zoned = isinstance(kind_of, DateTime) and kind_of.timezone
        return moment if zoned else moment.replace(tzinfo=None)  # SQLite keeps none: UTC as everywhere
    return date.fromisoformat(written) if kind == "day" else base64.b64decode(written)


def _count_on(connection: Connection, tables: MetaData) -> None:
    """PostgreSQL numbers new rows from a sequence, which must go on after those that were loaded."""
    for table in tables.sorted_tables:
        for column in table.primary_key.columns:
            asked = text("SELECT pg_get_serial_sequence(:name, :field)")
            sequence = connection.scalar(asked, {"name": table.name, "field": column.name})
            highest = connection.scalar(select(func.max(column))) if sequence else None
            if highest is not None:
                connection.execute(
                    text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest}
                )
