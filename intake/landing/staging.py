"""Checks and stages one table of a delivery: good rows typed into Parquet, the others into quarantine, all counted.

Promise: of a row in quarantine only its number, the columns and the reasons are kept, beside the files as they came; no
row is staged twice or lost, or the landing fails. Memory does not grow with the rows: one streaming pass writes what is
good, a second one reads the checked columns again only if some row was not, and keys are compared by a digest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from intake.feeds import Feed, FeedTable, Meaning
from intake.landing.checks import Fault, any_fault, faults_of, list_faults
from intake.landing.columns import ROW_ALIAS, as_number, staged_value, typed_rows
from intake.landing.current import NUMBER_SHIFT, PERSON_REF, RECORD
from intake.landing.duplicates import DUPLICATES, find_duplicates
from intake.landing.engine import plain_errors, quote_file, run
from intake.landing.ledger import Finding, TableLedger
from intake.landing.references import person_ref_sql
from intake.landing.side_by_side import side_by_side
from intake.landing.sources import Source
from intake.parquet import PARQUET
from intake.progress import Progress
from intake.sources import quote_name, quote_text

MOST_ROWS = 2**NUMBER_SHIFT
DUPLICATE_KEY = "duplicate-key"


@dataclass(frozen=True)
class Shelf:
    """Where one table's rows go (two folders of Parquet files, made by the caller), under which delivery's number, and
    the day the delivery came."""

    staged: Path
    quarantine: Path
    number: int
    received: date


def stage_table(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: FeedTable,
    sources: Sequence[Source],
    shelf: Shelf,
    progress: Progress,
) -> TableLedger:
    """Stage all files of a table. Raises Refusal `ledger-mismatch`, `too-many-rows` and those of the engine."""
    if sum(source.rows for source in sources) >= MOST_ROWS:
        raise Refusal("too-many-rows", f"{table.file} has more rows than can be numbered.", "Deliver it in parts.")
    duplicates = find_duplicates(connection, table, sources, shelf.received, progress)

    def stage(own: duckdb.DuckDBPyConnection, part: int, tell: Progress) -> int:
        source = sources[part]
        faults = faults_of(table, source, shelf.received)
        first = sum(before.rows for before in sources[:part])
        good = _stage_source(own, feed, table, source, faults, shelf, (part, first), tell)
        _quarantine(own, table, source, faults, shelf, part, source.rows - good - duplicates[part], tell)
        return good

    kept = sum(side_by_side(connection, stage, range(len(sources)), progress))
    return _ledger(connection, table, sources, shelf, kept, sum(duplicates))


def _stage_source(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: FeedTable,
    source: Source,
    faults: tuple[Fault, ...],
    shelf: Shelf,
    place: tuple[int, int],
    progress: Progress,
) -> int:
    """The rows without a fault that are no duplicates; how many they are. `place`: the part's number and that of its
    first row."""
    part, first = place
    columns = [f"{staged_value(column)} AS {quote_name(column.name)}" for column in table.columns.values()]
    nhs = table.column_meaning(Meaning.NHS_NUMBER)
    number = as_number(nhs) if nhs is not None else ""
    columns.append(f"{(shelf.number << NUMBER_SHIFT) + first} + {ROW_ALIAS} AS {RECORD}")
    columns.append(f"{person_ref_sql(feed, table, number)} AS {PERSON_REF}")
    losers = f"SELECT row FROM {DUPLICATES} WHERE part = {part}"
    out = f" AND {ROW_ALIAS} NOT IN ({losers})" if table.key else ""
    select = f"SELECT {', '.join(columns)} FROM ({typed_rows(table, source)}) WHERE NOT {any_fault(faults)}{out}"
    target = shelf.staged / f"part-{part:04}.parquet"
    return run(
        connection, f"COPY ({select}) TO {quote_text(str(target))} ({PARQUET})", f"staging {table.name}", progress
    )


def _quarantine(
    connection: duckdb.DuckDBPyConnection,
    table: FeedTable,
    source: Source,
    faults: tuple[Fault, ...],
    shelf: Shelf,
    part: int,
    expected: int,
    progress: Progress,
) -> None:
    """Numbers and reasons of the rows with a fault, which must be `expected`, of lines that are no rows, and of rows
    left out for another one with their key. Rows count from 1, the first after the header."""
    connection.execute("CREATE OR REPLACE TEMP TABLE bad (row BIGINT, place BIGINT)")
    if expected:
        rows = f"SELECT {ROW_ALIAS} + 1, unnest({list_faults(faults)}) FROM ({typed_rows(table, source)})"
        sql = f"INSERT INTO bad {rows} WHERE {any_fault(faults)}"
        run(connection, sql, f"quarantine of {table.name}", progress)
    with plain_errors():
        found = connection.execute("SELECT count(DISTINCT row) FROM bad").fetchall()[0][0]
        if found != expected:
            raise Refusal(
                "ledger-mismatch", f"Rows of {source.name} do not add up: nothing was staged.", "Report this."
            )
        connection.execute("CREATE OR REPLACE TEMP TABLE said (place BIGINT, column_name VARCHAR, reason VARCHAR)")
        said = [[place, fault.column, fault.reason] for place, fault in enumerate(faults)]
        connection.executemany("INSERT INTO said VALUES (?, ?, ?)", said or [[-1, "", ""]])
        connection.execute("CREATE OR REPLACE TEMP TABLE broken (line BIGINT, reason VARCHAR)")
        if source.broken:
            lines = [[broken.line, broken.reason] for broken in source.broken]
            connection.executemany("INSERT INTO broken VALUES (?, ?)", lines)
        target = shelf.quarantine / f"part-{part:04}.parquet"
        connection.execute(
            f"COPY (SELECT {quote_text(source.name)} AS file, row, NULL::BIGINT AS line, column_name, reason"
            f" FROM bad JOIN said USING (place) UNION ALL"
            f" SELECT {quote_text(source.name)}, NULL, line, '', reason FROM broken UNION ALL"
            f" SELECT {quote_text(source.name)}, row + 1, NULL, '', {quote_text(DUPLICATE_KEY)} FROM {DUPLICATES}"
            f" WHERE part = {part}) TO {quote_text(str(target))} (FORMAT parquet)"
        )


def _ledger(
    connection: duckdb.DuckDBPyConnection,
    table: FeedTable,
    sources: Sequence[Source],
    shelf: Shelf,
    kept: int,
    duplicates: int,
) -> TableLedger:
    rows_in = sum(source.rows + len(source.broken) for source in sources)
    with plain_errors():
        counted = connection.execute(
            f"SELECT column_name, reason, count(*) FROM {read_folder(shelf.quarantine)}"
            f" WHERE reason <> {quote_text(DUPLICATE_KEY)} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        staged = connection.execute(f"SELECT count(*) FROM {read_folder(shelf.staged)}").fetchall()[0][0]
    if staged != kept:
        raise Refusal("ledger-mismatch", f"Rows of {table.name} do not add up: nothing was staged.", "Report this.")
    found = tuple(Finding(str(column), str(reason), int(rows)) for column, reason, rows in counted)
    return TableLedger(table.name, rows_in, kept, rows_in - kept - duplicates, duplicates, found)


def read_folder(folder: Path) -> str:
    """All Parquet files of a folder of ours, for SQL."""
    return f"read_parquet({quote_file(folder)[:-1]}/*.parquet')"
