"""What can be told of a table once it is staged: how complete it is, its months, its NHS numbers, and what is odd.

Promise: counts only, over the rows that were kept. What is found here warns and quarantines nothing: it depends on
other rows, some of which may come with another delivery, and what counts must not depend on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from intake.feeds import Feed, FeedTable, Meaning
from intake.landing.columns import ROW_ALIAS, as_delivered, typed_rows
from intake.landing.current import PERSON_REF
from intake.landing.engine import file_pattern, plain_errors, run
from intake.landing.ledger import Finding, TableLedger
from intake.landing.side_by_side import side_by_side
from intake.landing.sources import Source
from intake.landing.staging import read_folder
from intake.progress import Progress
from intake.sources import quote_name, quote_text

NOT_FOUND, BEFORE_BIRTH, AFTER_DEATH = "not-found", "before-birth", "after-death"
INVALID_NUMBER, SUPERSEDED = "invalid-nhs-number", "superseded"
#: What a warning means.
WARNINGS: Mapping[str, str] = {
    INVALID_NUMBER: "the NHS number is not ten digits with a right check digit; it is left empty and the row stays",
    NOT_FOUND: "the row refers to one that this delivery does not hold",
    BEFORE_BIRTH: "the event is before the person's birth",
    AFTER_DEATH: "the event is after the person's death",
    SUPERSEDED: "a later submission of the same period, in this delivery, replaces the row",
}


@dataclass(frozen=True)
class Surveyor:
    """Asks the staged tables of one delivery. `staged`: its folder; `present`: tables that are in it."""

    connection: duckdb.DuckDBPyConnection
    feed: Feed
    staged: Path
    present: Sequence[str]

    def survey(self, table: FeedTable, ledger: TableLedger, delivered: int | None, progress: Progress) -> TableLedger:
        """The ledger with all that is told of a table. `delivered`: kept rows that came with some NHS number."""
        progress(f"looking over {table.name}", 0, 1)
        with plain_errors():
            missing = self._missing(table, ledger)
            numbers = _nhs_numbers(table, ledger, missing, delivered)
            warnings = [
                *_number_warnings(table, numbers),
                *self._not_found(table),
                *self._lifetimes(table),
                *self._superseded(table),
            ]
            months = self._months(table)
        return replace(ledger, missing=missing, months=months, nhs_numbers=numbers, warnings=tuple(warnings))

    def _rows(self, name: str) -> str:
        return read_folder(self.staged / name)

    def _one(self, sql: str) -> int:
        return int(self.connection.execute(sql).fetchall()[0][0] or 0)

    def _missing(self, table: FeedTable, ledger: TableLedger) -> dict[str, int]:
        """From the Parquet files' own statistics, so no row is read."""
        found = self.connection.execute(
            "SELECT path_in_schema, sum(num_values), sum(stats_null_count), count(*) - count(stats_null_count)"
            " FROM parquet_metadata(?) GROUP BY ALL",
            [f"{file_pattern(self.staged / table.name)}/*.parquet"],
        ).fetchall()
        told = {str(name): int(nulls) for name, _, nulls, untold in found if not untold}
        if not ledger.rows_kept:
            return dict.fromkeys(table.columns, 0)
        return {
            name: told[name]
            if name in told
            else self._one(f"SELECT count(*) - count({quote_name(name)}) FROM {self._rows(table.name)}")
            for name in table.columns
        }

    def _months(self, table: FeedTable) -> dict[str, int]:
        if table.event_date is None:
            return {}
        day = quote_name(table.event_date)
        found = self.connection.execute(
            f"SELECT year({day}) AS y, month({day}) AS m, count(*) FROM {self._rows(table.name)}"
            f" WHERE {day} IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        return {f"{year:04}-{month:02}": int(rows) for year, month, rows in found}

    def _not_found(self, table: FeedTable) -> list[Finding]:
        found: list[Finding] = []
        for other, columns in table.refers.items():
            if other not in self.present:
                continue
            pairs = list(zip(columns, self.feed.tables[other].key, strict=False))
            same = " AND ".join(f"t.{quote_name(here)} = o.{quote_name(there)}" for here, there in pairs)
            whole = " AND ".join(f"{quote_name(here)} IS NOT NULL" for here, _ in pairs)
            rows = self._one(
                f"SELECT count(*) FROM (SELECT * FROM {self._rows(table.name)} WHERE {whole}) t"
                f" ANTI JOIN {self._rows(other)} o ON {same}"
            )
            found += _some(", ".join(columns), NOT_FOUND, rows)
        return found

    def _lifetimes(self, table: FeedTable) -> list[Finding]:
        if table.event_date is None or not table.person:
            return []
        people = " UNION ALL ".join(
            f"SELECT {PERSON_REF}, {birth} AS birth, {death} AS death FROM {self._rows(name)}"
            for name in self.present
            for birth, death in [_lifetime(self.feed.tables[name])]
            if (birth, death) != (NEVER, NEVER)
        )
        if not people:
            return []
        day = f"CAST(t.{quote_name(table.event_date)} AS DATE)"
        lives = f"SELECT {PERSON_REF}, min(birth) AS birth, max(death) AS death FROM ({people}) GROUP BY ALL"
        before, after = self.connection.execute(
            f"SELECT count(*) FILTER (WHERE {day} < birth), count(*) FILTER (WHERE {day} > death)"
            f" FROM {self._rows(table.name)} t JOIN ({lives}) p ON t.{PERSON_REF} = p.{PERSON_REF}"
        ).fetchall()[0]
        return [*_some(table.event_date, BEFORE_BIRTH, before), *_some(table.event_date, AFTER_DEATH, after)]

    def _superseded(self, table: FeedTable) -> list[Finding]:
        if table.submission is None:
            return []
        period = [quote_name(name) for name in table.period]
        submission = quote_name(table.submission)
        counted = (
            f"SELECT {', '.join([*period, submission])}, count(*) AS rows FROM {self._rows(table.name)} GROUP BY ALL"
        )
        latest = (
            f"max({submission}) OVER (PARTITION BY {', '.join(period)})" if period else f"max({submission}) OVER ()"
        )
        rows = self._one(f"SELECT sum(rows) FROM (SELECT rows FROM ({counted}) QUALIFY {submission} < {latest})")
        return _some(table.submission, SUPERSEDED, rows)


NEVER = "NULL::DATE"


def count_delivered_numbers(
    connection: duckdb.DuckDBPyConnection,
    table: FeedTable,
    sources: Sequence[Source],
    quarantine: Path,
    progress: Progress,
) -> int | None:
    """Kept rows that came with something in the place of the NHS number; None if the table has no such place. Reads
    that column alone; the rows that were not kept are those of the quarantine's folder."""
    number = table.column_meaning(Meaning.NHS_NUMBER)
    if number is None:
        return None
    there = as_delivered(number)

    def count(own: duckdb.DuckDBPyConnection, source: Source, tell: Progress) -> int:
        of_this = f"file = {quote_text(source.name)} AND row IS NOT NULL"
        out = f"SELECT row - 1 FROM {read_folder(quarantine)} WHERE {of_this}"
        counted = f"SELECT count(*) FROM ({typed_rows(table, source)}) WHERE {there} AND {ROW_ALIAS} NOT IN ({out})"
        return run(own, counted, f"NHS numbers of {table.name}", tell)

    return sum(side_by_side(connection, count, sources, progress))


def _nhs_numbers(
    table: FeedTable, ledger: TableLedger, missing: Mapping[str, int], delivered: int | None
) -> dict[str, int]:
    number = table.column_meaning(Meaning.NHS_NUMBER)
    if number is None or delivered is None:
        return {}
    valid = ledger.rows_kept - missing[number.name]
    return {"valid": valid, "invalid": delivered - valid, "missing": ledger.rows_kept - delivered}


def _number_warnings(table: FeedTable, numbers: Mapping[str, int]) -> list[Finding]:
    number = table.column_meaning(Meaning.NHS_NUMBER)
    return _some(number.name, INVALID_NUMBER, numbers.get("invalid", 0)) if number is not None else []


def _lifetime(table: FeedTable) -> tuple[str, str]:
    """SQL of the first and last possible day of the life that a row tells of."""
    birth = _first(table, (Meaning.DATE_OF_BIRTH, "{}"), (Meaning.BIRTH_YEAR, "make_date({}, 1, 1)"))
    death = _first(table, (Meaning.DEATH_DATE, "{}"), (Meaning.DEATH_YEAR, "make_date({}, 12, 31)"))
    return birth, death


def _first(table: FeedTable, *ways: tuple[Meaning, str]) -> str:
    told = [way.format(quote_name(column.name)) for meaning, way in ways if (column := table.column_meaning(meaning))]
    return f"coalesce({', '.join(told)})" if told else NEVER


def _some(column: str, reason: str, rows: int) -> list[Finding]:
    return [Finding(column, reason, int(rows))] if rows else []
