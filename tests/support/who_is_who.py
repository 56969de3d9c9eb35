"""Looks through every file of a gateway for one that holds both a pseudonym and whose it is, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow.parquet


def files_with_both(root: Path, pseudonyms: Iterable[int], identities: Iterable[int]) -> list[Path]:
    """Files below `root` in which one of the first and one of the second stand."""
    first, second = set(pseudonyms), set(identities)
    return [
        file
        for file in sorted(root.rglob("*"))
        if file.is_file() and not file.is_symlink() and _has(file, first) and _has(file, second)
    ]


def _has(file: Path, numbers: set[int]) -> bool:
    if file.suffix == ".duckdb":
        return _database_has(file, numbers)
    if file.suffix == ".parquet":
        table = pyarrow.parquet.read_table(file)
        return any(not numbers.isdisjoint(_whole(column.to_pylist())) for column in table.columns)
    content = file.read_bytes()
    return any(
        form in content
        for number in numbers
        for form in (str(number).encode(), number.to_bytes(8, "little"), number.to_bytes(8, "big"))
    )


def _database_has(file: Path, numbers: set[int]) -> bool:
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        for table, column in columns:
            values = connection.execute(f'SELECT DISTINCT "{column}" FROM "{table}"').fetchall()
            if not numbers.isdisjoint(_whole(row[0] for row in values)):
                return True
    return False


def _whole(values: Iterable[object]) -> set[int]:
    found: set[int] = set()
    for value in values:
        if isinstance(value, int):
            found.add(value)
        elif isinstance(value, str) and value.isdigit():
            found.add(int(value))
    return found
