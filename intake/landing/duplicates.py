"""Finds the rows of a delivery that repeat another one's key, before anything is staged.

Promise: of the rows with one key (within one period and submission) the first that passes the checks stays; a row that
lacks part of its key has none and repeats nothing. Keys are first compared by a digest of 64 bits, so that only those
that may stand twice are held whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from intake.feeds import FeedTable
from intake.landing.checks import any_fault, faults_of
from intake.landing.columns import ROW_ALIAS, staged_value, typed_rows
from intake.landing.current import newness
from intake.landing.engine import plain_errors, run
from intake.landing.sources import Source
from intake.progress import Progress

DUPLICATES = "duplicates"  # table (part INTEGER, row BIGINT), which every cursor of the engine sees


def find_duplicates(
    connection: duckdb.DuckDBPyConnection,
    table: FeedTable,
    sources: Sequence[Source],
    received: date,
    progress: Progress,
) -> list[int]:
    """Fill `DUPLICATES` with the rows that stay out; how many they are in each part."""
    connection.execute(f"CREATE OR REPLACE TABLE {DUPLICATES} (part INTEGER, row BIGINT)")
    counts = [0] * len(sources)
    if not table.key:
        return counts
    names = list(dict.fromkeys((*table.key, *newness(table))))
    keys = [staged_value(table.columns[name]) for name in names]
    digests = " UNION ALL ".join(
        f"SELECT {_digest(table, keys)} AS key FROM ({typed_rows(table, source)})" for source in sources
    )
    several = f"SELECT key FROM ({digests}) WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1"
    run(connection, f"CREATE OR REPLACE TEMP TABLE several AS {several}", f"keys of {table.name}", progress)
    with plain_errors():
        if connection.execute("SELECT 1 FROM several LIMIT 1").fetchone() is None:
            return counts
    rows = " UNION ALL ".join(_candidates(table, source, part, keys, received) for part, source in enumerate(sources))
    held = ", ".join(f"k{place}" for place in range(len(keys)))
    ranked = f"SELECT part, row, row_number() OVER (PARTITION BY {held} ORDER BY part, row) AS place FROM ({rows})"
    losers = f"INSERT INTO {DUPLICATES} SELECT part, row FROM ({ranked}) WHERE place > 1"
    run(connection, losers, f"duplicates of {table.name}", progress)
    with plain_errors():
        found = connection.execute(f"SELECT part, count(*) FROM {DUPLICATES} GROUP BY part").fetchall()
    for part, count in found:
        counts[part] = count
    return counts


def _digest(table: FeedTable, keys: Sequence[str]) -> str:
    whole = " AND ".join(f"{staged_value(table.columns[name])} IS NOT NULL" for name in table.key)
    return f"CASE WHEN {whole} THEN hash({', '.join(keys)}) END"


def _candidates(table: FeedTable, source: Source, part: int, keys: Sequence[str], received: date) -> str:
    """Rows whose digest stands more than once and that pass the checks, with their keys."""
    held = ", ".join(f"{key} AS k{place}" for place, key in enumerate(keys))
    good = f"NOT {any_fault(faults_of(table, source, received))}"
    return (
        f"SELECT {part} AS part, {ROW_ALIAS} AS row, {held} FROM ({typed_rows(table, source)})"
        f" WHERE {good} AND {_digest(table, keys)} IN (SELECT key FROM several)"
    )
