"""Copies one table into the extract: granted columns only, people re-keyed, rows counted in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from governance.catalogue import PERSON_KEY, PERSON_ORDINAL, CatalogueColumn, CatalogueTable, ColumnUse, TableKind
from governance.refusal import Refusal
from intake.cut.people import PEOPLE
from intake.sources import SourceTable, quote_name

#: Row identifiers that other tables refer to: mapped under a key. Every other row identifier is simply numbered anew.
REFERENCED_DOMAINS = ("visit_occurrence", "visit_detail")


@dataclass(frozen=True)
class Step:
    """One line of the ledger: `rows_in = rows_out + dropped`, or the build fails."""

    step: str
    table: str
    rows_in: int
    rows_out: int
    dropped: int
    why: str


def domain_of(column: CatalogueColumn) -> str | None:
    """The referenced domain a KEY column belongs to, e.g. preceding_visit_occurrence_id -> visit_occurrence."""
    name = column.name.removeprefix("preceding_").removesuffix("_id")
    return name if column.use is ColumnUse.KEY and name in REFERENCED_DOMAINS else None


def copy_table(
    connection: duckdb.DuckDBPyConnection, table: CatalogueTable, source: SourceTable, mappings: Mapping[str, str]
) -> list[Step]:
    """Write `extract.<table>` and return its ledger lines. Raises Refusal `ledger-mismatch`."""
    private = table.kind is TableKind.PRIVATE
    joins = _joins(table, source, mappings) if private else ""
    nothing = " WHERE false" if source.is_empty else ""
    connection.execute(
        f"CREATE TABLE extract.{quote_name(table.name)} AS SELECT {_columns(table, source, mappings)}"
        f" FROM {source.relation} s {joins}{nothing}" + (f" ORDER BY {PERSON_ORDINAL}" if private else "")
    )
    return _ledger(connection, table, source)


def _columns(table: CatalogueTable, source: SourceTable, mappings: Mapping[str, str]) -> str:
    written: list[str] = []
    for column in table.columns.values():
        name = quote_name(column.name)
        domain = domain_of(column)
        if column.use is ColumnUse.PERSON:
            written.append(f"m.{PERSON_KEY} AS {name}, m.{PERSON_ORDINAL} AS {PERSON_ORDINAL}")
        elif column.name not in source.columns:
            written.append(f"CAST(NULL AS {column.type}) AS {name}")
        elif domain is not None and domain in mappings:
            written.append(f"map_{column.name}.new_id AS {name}")
        elif column.use is ColumnUse.KEY:
            written.append(f"row_number() OVER (ORDER BY m.{PERSON_ORDINAL}) AS {name}")
        else:
            written.append(f"TRY_CAST(s.{quote_name(source.columns[column.name])} AS {column.type}) AS {name}")
    return ", ".join(written)


def _joins(table: CatalogueTable, source: SourceTable, mappings: Mapping[str, str]) -> str:
    joins = [f"JOIN {PEOPLE} m ON m.source_person_id = TRY_CAST(s.{quote_name(source.columns[PERSON_KEY])} AS BIGINT)"]
    for column in table.columns.values():
        domain = domain_of(column)
        if domain is not None and domain in mappings and column.name in source.columns:
            joins.append(
                f"LEFT JOIN {mappings[domain]} map_{column.name} ON map_{column.name}.source_id = "
                f"TRY_CAST(s.{quote_name(source.columns[column.name])} AS BIGINT)"
            )
    return " ".join(joins)


def _ledger(connection: duckdb.DuckDBPyConnection, table: CatalogueTable, source: SourceTable) -> list[Step]:
    rows_in = 0 if source.is_empty else _count(connection, source.relation)
    rows_out = _count(connection, f"extract.{quote_name(table.name)}")
    outside = 0
    if table.kind is TableKind.PRIVATE and not source.is_empty:
        key = quote_name(source.columns[PERSON_KEY])
        outside = _count(
            connection,
            f"{source.relation} s WHERE NOT EXISTS (SELECT 1 FROM {PEOPLE} m"
            f" WHERE m.source_person_id = TRY_CAST(s.{key} AS BIGINT))",
        )
    if rows_in != rows_out + outside:
        raise Refusal("ledger-mismatch", f"Rows of {table.name} do not add up: nothing was adopted.", "Report this.")
    why = "rows of other people, or of nobody, stay out" if table.kind is TableKind.PRIVATE else "reference data"
    steps = [Step("copy", table.name, rows_in, rows_out, outside, why)]
    unreadable = _unreadable(connection, table, source)
    if unreadable:
        steps.append(Step("types", table.name, rows_out, rows_out, 0, f"{unreadable} unreadable values became NULL"))
    return steps


def _unreadable(connection: duckdb.DuckDBPyConnection, table: CatalogueTable, source: SourceTable) -> int:
    """Values of the source that are there but are not of the column's type."""
    lost = [
        f"count(*) FILTER (s.{held} IS NOT NULL AND TRY_CAST(s.{held} AS {column.type}) IS NULL)"
        for column in table.columns.values()
        if column.use not in (ColumnUse.PERSON, ColumnUse.KEY) and column.name in source.columns
        for held in [quote_name(source.columns[column.name])]
    ]
    if not lost or source.is_empty:
        return 0
    return int(connection.execute(f"SELECT {' + '.join(lost)} FROM {source.relation} s").fetchall()[0][0])


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])
