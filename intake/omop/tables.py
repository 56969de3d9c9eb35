"""Opens a set of OMOP tables for checking: a region version (`<table>/*.parquet`) or a source made elsewhere.

Each table becomes a temporary relation with the model's columns and types and `source_feed`, whatever the source has.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from intake.omop.cdm import CdmTable, cdm_tables
from intake.sources import attach_source, folder_rows, quote_name


def open_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> Mapping[str, str]:
    """Names of the relations by table, of the tables that are there. Raises Refusal `unreadable-source`,
    `no-such-source`."""
    region = _is_region(folder)
    found = _region(connection, folder) if region else _source(connection, folder)
    kind = "VIEW" if region else "TABLE"  # other files are slow to read, and small
    views: dict[str, str] = {}
    for name, (relation, columns) in found.items():
        view = quote_name(f"checked {name}")
        try:
            connection.execute(
                f"CREATE OR REPLACE TEMP {kind} {view} AS {_typed(cdm_tables()[name], relation, columns)}"
            )
        except duckdb.Error:
            raise _unreadable(name) from None
        views[name] = view
    return views


def _unreadable(name: str) -> Refusal:
    return Refusal("unreadable-source", f"The table {name} cannot be read.", "Check that it is whole.")


def _is_region(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*/*.parquet"))


def _region(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, tuple[str, Mapping[str, str]]]:
    found: dict[str, tuple[str, Mapping[str, str]]] = {}
    for name in cdm_tables():
        if any((folder / name).glob("*.parquet")):
            relation = folder_rows(folder / name)
            try:
                columns = [str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
            except duckdb.Error:
                raise _unreadable(name) from None
            found[name] = (relation, {column.lower(): column for column in columns})
    return found


def _source(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, tuple[str, Mapping[str, str]]]:
    return {
        name: (
            f"{table.relation}" if not table.is_empty else f"(SELECT * FROM {table.relation} WHERE false)",
            table.columns,
        )
        for name, table in attach_source(connection, path).items()
        if name in cdm_tables()
    }


def _typed(model: CdmTable, relation: str, columns: Mapping[str, str]) -> str:
    """A value that is not of the column's type counts as none: the checks of required values tell."""
    written = [
        f"TRY_CAST({quote_name(columns[name])} AS {column.type}) AS {quote_name(name)}"
        if name in columns
        else f"CAST(NULL AS {column.type}) AS {quote_name(name)}"
        for name, column in model.columns.items()
    ]
    feed = "source_feed" if "source_feed" in columns else "''"
    return f"SELECT {', '.join(written)}, {feed} AS source_feed FROM {relation}"
