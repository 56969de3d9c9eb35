"""A small OMOP project, its rows in DuckDB and SQLite, and the reading of a text in any dialect."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from governance.catalogue import Catalogue, CatalogueColumn, CatalogueTable, TableKind
from governance.refusal import Refusal
from query_guard.policy.reading import read_statement

DATA = json.loads((Path(__file__).parents[2] / "fixtures" / "dialects" / "data.json").read_text(encoding="utf-8"))
CATALOGUE = Catalogue(
    {
        name: CatalogueTable(
            name,
            TableKind.PRIVATE,
            {column: CatalogueColumn(column, kind) for column, kind in table["columns"].items()},
        )
        for name, table in DATA.items()
    }
)


@dataclass(frozen=True)
class Reading:
    """Reads and executes. `duck` and `lite` hold the same rows."""

    duck: duckdb.DuckDBPyConnection
    lite: sqlite3.Connection

    def read(self, sql: str, dialect: str = "duckdb", parameters: Mapping[str, Any] | Sequence[Any] = ()) -> Any:
        return read_statement(sql, dialect, parameters, CATALOGUE)

    def written(self, sql: str, dialect: str = "duckdb", parameters: Mapping[str, Any] | Sequence[Any] = ()) -> str:
        return str(self.read(sql, dialect, parameters).sql(dialect="duckdb"))

    def refusal(self, sql: str, dialect: str = "duckdb", parameters: Mapping[str, Any] | Sequence[Any] = ()) -> Refusal:
        with pytest.raises(Refusal) as caught:
            self.read(sql, dialect, parameters)
        return caught.value

    def code(self, sql: str, dialect: str = "duckdb", parameters: Mapping[str, Any] | Sequence[Any] = ()) -> str:
        return self.refusal(sql, dialect, parameters).code

    def answer(self, sql: str, dialect: str = "duckdb", parameters: Mapping[str, Any] | Sequence[Any] = ()) -> Any:
        """Rows of the statement as it was read: every operation in brackets, so that only the tree decides."""
        tree = self.read(sql, dialect, parameters).transform(_bracketed)
        return plain(self.duck.execute(tree.sql(dialect="duckdb")).fetchall())


@pytest.fixture(scope="session")
def reading() -> Iterator[Reading]:
    duck, lite = duckdb.connect(), sqlite3.connect(":memory:")
    duck.execute("SET error_on_division_by_zero = false")
    for name, table in DATA.items():
        columns = ", ".join(f"{column} {kind}" for column, kind in table["columns"].items())
        duck.execute(f"CREATE TABLE {name} ({columns})")
        lite.execute(f"CREATE TABLE {name} ({columns.replace('TIMESTAMP', 'TEXT').replace('DATE', 'TEXT')})")
        places = ", ".join("?" * len(table["columns"]))
        duck.executemany(f"INSERT INTO {name} VALUES ({places})", table["rows"])
        lite.executemany(f"INSERT INTO {name} VALUES ({places})", table["rows"])
    yield Reading(duck, lite)
    duck.close()
    lite.close()


@pytest.fixture(name="plain", scope="session")
def plain_rows() -> Any:
    return plain


def plain(rows: Any) -> list[list[Any]]:
    """Rows whose values compare across databases: numbers as rounded floats, dates as text."""
    return [[_plain(value) for value in row] for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | Decimal):
        number = float(value)
        return round(number, 6) + 0.0 if math.isfinite(number) else None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ").removesuffix(" 00:00:00")
    if isinstance(value, date):
        return value.isoformat()
    return value.removesuffix(" 00:00:00") if isinstance(value, str) else value


def _bracketed(node: Any) -> Any:
    whole = isinstance(node, exp.Binary | exp.Not | exp.Neg) and not isinstance(node, exp.Dot | exp.Func)
    return exp.Paren(this=node) if whole and not isinstance(node.parent, exp.Paren | exp.Interval) else node
