"""Makes every delivered file a Parquet relation with numbered rows: Parquet as it is, CSV read once into one.

Promise: a row of a CSV that cannot be read (too few values, an open quote, bytes that are no text) is counted with its
line and reason; what is read is all text, so nothing is guessed; a Parquet file has plain columns of known types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from intake.feeds import FeedTable
from intake.landing.engine import file_pattern, plain_errors, quote_file, run
from intake.landing.files import DeliveredFile
from intake.landing.headers import match_columns, read_header
from intake.landing.side_by_side import side_by_side
from intake.landing.text import UTF_8, UTF_8_MARK, find_writing, write_plain
from intake.parquet import PARQUET
from intake.progress import Progress
from intake.sources import quote_name, quote_text

ROW = "file_row_number"
MOST_BROKEN = 100_000  # lines that cannot be read, after which a file is not a table any more
LONGEST_LINE = 2**20  # bytes
#: The engine's word for what is wrong with a line -> our reason.
REASONS = {
    "MISSING COLUMNS": "too-few-values",
    "TOO MANY COLUMNS": "too-many-values",
    "UNQUOTED VALUE": "open-quote",
    "LINE SIZE OVER MAXIMUM": "line-too-long",
    "INVALID ENCODING": "not-text",
}
OTHER_REASON = "unreadable-line"
#: Types a Parquet file may hold its values in.
PLAIN_TYPES = frozenset(
    [
        "VARCHAR",
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "FLOAT",
        "DOUBLE",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "TIMESTAMP_S",
        "TIMESTAMP_MS",
        "TIMESTAMP_NS",
    ]
)


@dataclass(frozen=True)
class BrokenLine:
    """A line of a CSV that is no row. `line` counts from 1, the header's."""

    line: int
    reason: str


@dataclass(frozen=True)
class Source:
    """One file as a relation.

    Attributes:
        name: of the file.
        relation: for SQL, with `file_row_number` from 0.
        held: the schema's column -> its name in the relation.
        types: the schema's column -> the type it is held in.
        rows: how many the relation has.
        broken: lines that are not in it.
    """

    name: str
    relation: str
    held: Mapping[str, str]
    types: Mapping[str, str]
    rows: int
    broken: tuple[BrokenLine, ...] = ()


def open_sources(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[DeliveredFile],
    table: FeedTable,
    scratch: Path,
    progress: Progress,
) -> list[Source]:
    """Make a table's received files readable, several at a time. Raises Refusal, see `headers`, `text` and below."""

    def read(own: duckdb.DuckDBPyConnection, file: DeliveredFile, tell: Progress) -> Source:
        return _open(own, file, table, scratch, tell)

    connection.execute("SET preserve_insertion_order = true")  # the row numbers are those of the file
    try:
        return side_by_side(connection, read, files, progress)
    finally:
        connection.execute("SET preserve_insertion_order = false")


def _open(
    connection: duckdb.DuckDBPyConnection, file: DeliveredFile, table: FeedTable, scratch: Path, progress: Progress
) -> Source:
    if file.ending == ".parquet":
        return _open_parquet(connection, file.path, table)
    with plain_errors():
        return _open_csv(connection, file, table, scratch, progress)


def _open_parquet(connection: duckdb.DuckDBPyConnection, path: Path, table: FeedTable) -> Source:
    with plain_errors():
        rows = connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [file_pattern(path)]).fetchall()
        tops = connection.execute("SELECT name, num_children FROM parquet_schema(?)", [file_pattern(path)]).fetchall()
    if any(children for _, children in tops[1:]):
        raise _bad_type(path.name)
    held = match_columns(table, path.name, [str(name) for name, _ in tops[1:]])
    relation = f"read_parquet({quote_file(path)}, file_row_number = true)"
    with plain_errors():
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    types = {str(name): str(kind) for name, kind, *_ in described}
    if any(types[name] not in PLAIN_TYPES and not types[name].startswith("DECIMAL(") for name in held.values()):
        raise _bad_type(path.name)
    return Source(path.name, relation, held, {name: types[at] for name, at in held.items()}, int(rows[0][0]))


def _open_csv(
    connection: duckdb.DuckDBPyConnection, file: DeliveredFile, table: FeedTable, scratch: Path, progress: Progress
) -> Source:
    packed = file.ending == ".csv.gz"
    progress(f"looking at {file.path.name}", 0, 1)
    writing = find_writing(file.path, packed=packed)
    plain = file.path
    if packed or writing.mixed_lines or writing.encoding not in (UTF_8, UTF_8_MARK):
        plain = scratch / f"{file.path.name}.csv"
        write_plain(file.path, writing, plain, packed=packed)
    delimiter, names = read_header(plain, file.path.name, table)
    held = match_columns(table, file.path.name, names)
    target = scratch / f"{file.table}-{file.path.name}.parquet"
    rows = _read_csv(connection, plain, delimiter, names, target, progress)
    broken = _broken_lines(connection, file.path.name)
    if plain != file.path:
        plain.unlink()
    relation = f"read_parquet({quote_file(target)}, file_row_number = true)"
    return Source(file.path.name, relation, held, dict.fromkeys(held, "VARCHAR"), rows, broken)


def _read_csv(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    delimiter: str,
    names: Sequence[str],
    target: Path,
    progress: Progress,
) -> int:
    """The readable rows, in their order, blanks as NULL; how many."""
    columns = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in names)
    values = ", ".join(f"nullif(trim({quote_name(name)}), '') AS {quote_name(name)}" for name in names)
    reader = (
        f"read_csv({quote_file(file)}, columns = {{{columns}}}, header = true, auto_detect = false,"
        f" delim = {quote_text(delimiter)}, quote = '\"', escape = '\"', store_rejects = true,"
        f" rejects_limit = {MOST_BROKEN}, max_line_size = {LONGEST_LINE})"
    )
    connection.execute("DROP TABLE IF EXISTS reject_errors")
    connection.execute("DROP TABLE IF EXISTS reject_scans")
    sql = f"COPY (SELECT {values} FROM {reader}) TO {quote_text(str(target))} ({PARQUET})"
    return run(connection, sql, f"reading {file.name}", progress)


def _broken_lines(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[BrokenLine, ...]:
    """One a line, with the first thing wrong in it."""
    found = connection.execute(
        "SELECT line, arg_min(CAST(error_type AS VARCHAR), coalesce(column_idx, -1)) FROM reject_errors GROUP BY ALL"
        " ORDER BY line"
    ).fetchall()
    total = connection.execute("SELECT count(*) FROM reject_errors").fetchall()[0][0]
    connection.execute("DROP TABLE reject_errors")
    connection.execute("DROP TABLE reject_scans")
    if total >= MOST_BROKEN:
        raise Refusal(
            "too-many-broken-lines",
            f"{name} has {MOST_BROKEN:,} lines or more that cannot be read as rows.",
            "Ask the sender to write it as CSV with quotes around values that hold a comma or a line's end.",
        )
    return tuple(BrokenLine(int(line), REASONS.get(str(kind), OTHER_REASON)) for line, kind in found)


def _bad_type(name: str) -> Refusal:
    return Refusal(
        "column-type",
        f"{name} holds a column of a kind that the intake does not read (nested, binary, with a time zone).",
        "Use plain columns: text, numbers, days, moments, yes or no.",
    )
