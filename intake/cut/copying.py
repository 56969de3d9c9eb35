"""Copies one table into the extract: admitted rows and granted columns only, people re-keyed, every row counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from governance.catalogue import PERSON_KEY, PERSON_ORDINAL, CatalogueColumn, CatalogueTable, ColumnUse, TableKind
from intake.cut.ledger import Sorted, Step, ledger_mismatch, table_steps
from intake.cut.people import COHORT, PEOPLE
from intake.cut.reduction import is_reduced, reduce_rows
from intake.cut.reuse import FRESH, beside_unchanged
from intake.cut.rules import SPANS, TableRules
from intake.cut.source import Source
from intake.sources import SourceTable, quote_name

#: Row identifiers that other tables refer to: mapped under a key. Every other row identifier is simply numbered anew.
REFERENCED_DOMAINS = ("visit_occurrence", "visit_detail")

#: What the sorting pass calls a row; reasons of opt-outs are numbers between.
_KEPT, _OUTSIDE_DAYS, _OUTSIDE_CODES = 0, 100, 101
SORTED = "scratch.sorted"


@dataclass(frozen=True)
class Desk:
    """What every table of one cut needs. `mappings`: referenced domain -> table of its new numbers; `takes_over`: rows
    of unchanged people come from the extract before (see `reuse`)."""

    connection: duckdb.DuckDBPyConnection
    source: Source
    mappings: Mapping[str, str]
    takes_over: bool = False


def domain_of(column: CatalogueColumn) -> str | None:
    """The referenced domain a KEY column belongs to, e.g. preceding_visit_occurrence_id -> visit_occurrence."""
    name = column.name.removeprefix("preceding_").removesuffix("_id")
    return name if column.use is ColumnUse.KEY and name in REFERENCED_DOMAINS else None


def usable_sql(
    source: Source, table: SourceTable, rules: TableRules | None, joins: str = "", people: str = PEOPLE
) -> str:
    """FROM and WHERE of the rows (alias `s`) of people of the extract (alias `m`) that may be used and are granted;
    `rules` None: whatever is granted; `people`: a part of PEOPLE."""
    wanted = [] if rules is None or not rules.narrows else [rules.admits_sql()]
    if source.feeds and "source_feed" in table.columns:
        wanted.append(f"{source.closed_sql('s.source_feed', 'm.closed')} = 0")
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    return f"FROM {table.relation} s JOIN {people} m ON m.source_person_id = {table.person_sql('s')}{joins}{where}"


def copy_table(desk: Desk, table: CatalogueTable, rules: TableRules) -> list[Step]:
    """Write `extract.<table>` and return its ledger lines. Raises Refusal `ledger-mismatch`."""
    source = desk.source.tables[table.name]
    if table.kind is TableKind.PUBLIC:
        return _copy_reference(desk.connection, table, source)
    rows_in = 0 if source.is_empty else _count(desk.connection, source.relation)
    merged, before = 0, None
    if is_reduced(table.name, desk.source):
        before = _sort_rows(desk, source, None, rows_in)
        source = reduce_rows(desk.connection, table.name, desk.source)
        merged = before.kept - _count(desk.connection, source.relation)
        rules = TableRules(rules.table, rules.rules, source)
        columns = {name: held for name, held in source.columns.items() if name != "source_feed"}
        source = SourceTable(source.name, source.relation, columns, source.is_empty)
    sorted_rows = _sort_rows(desk, source, rules, before.kept - merged if before is not None else rows_in)
    if before is not None:
        if sorted_rows.others or sorted_rows.opted_out:
            raise ledger_mismatch(table.name)
        sorted_rows = Sorted(
            before.others, before.opted_out, sorted_rows.outside_days, sorted_rows.outside_codes, sorted_rows.kept
        )
    _write(desk, table, source, rules)
    rows_out = _count(desk.connection, f"extract.{quote_name(table.name)}")
    steps = table_steps(table.name, rows_in, sorted_rows, merged, rows_out)
    return steps + _unreadable_step(desk.connection, table, source, rows_out)


def _copy_reference(connection: duckdb.DuckDBPyConnection, table: CatalogueTable, source: SourceTable) -> list[Step]:
    written = ", ".join(_value(column, source) + f" AS {quote_name(column.name)}" for column in table.columns.values())
    nothing = " WHERE FALSE" if source.is_empty else ""
    connection.execute(
        f"CREATE TABLE extract.{quote_name(table.name)} AS SELECT {written} FROM {source.relation} s{nothing}"
    )
    rows_in = 0 if source.is_empty else _count(connection, source.relation)
    rows = _count(connection, f"extract.{quote_name(table.name)}")
    if rows != rows_in:
        raise ledger_mismatch(table.name)
    copied = Step("copy", table.name, rows, rows, 0, "reference data")
    return [copied, *_unreadable_step(connection, table, source, rows)]


def _sort_rows(desk: Desk, source: SourceTable, rules: TableRules | None, rows_in: int) -> Sorted:
    """One pass that names, for every row of somebody in the cohort, the first thing that keeps it out, if any; the
    other rows are told by their number alone, which spares reading most of the region."""
    if source.is_empty:
        return Sorted()
    closed = "0"
    if desk.source.feeds and "source_feed" in source.columns:
        closed = desk.source.closed_sql("s.source_feed", "c.closed")
    granted = str(_KEPT)
    if rules is not None and rules.narrows:
        granted = (
            f"(CASE WHEN {rules.admits_sql()} THEN {_KEPT} WHEN {rules.in_days_sql()} THEN {_OUTSIDE_CODES}"
            f" ELSE {_OUTSIDE_DAYS} END)"
        )
    counted = dict(
        desk.connection.execute(
            f"SELECT CASE WHEN {closed} > 0 THEN {closed} WHEN c.kind > 0 THEN c.kind ELSE {granted} END AS what,"
            f" count(*) FROM {source.relation} s"
            f" JOIN {COHORT} c ON c.source_person_id = {source.person_sql('s')} GROUP BY 1 ORDER BY 1"
        ).fetchall()
    )
    return Sorted(
        others=rows_in - sum(counted.values()),
        opted_out={desk.source.kind_word(what): rows for what, rows in counted.items() if _KEPT < what < _OUTSIDE_DAYS},
        outside_days=counted.get(_OUTSIDE_DAYS, 0),
        outside_codes=counted.get(_OUTSIDE_CODES, 0),
        kept=counted.get(_KEPT, 0),
    )


def _write(desk: Desk, table: CatalogueTable, source: SourceTable, rules: TableRules) -> None:
    written, joins, numbered = [], [], list[str]()
    for column in table.columns.values():
        domain = domain_of(column)
        if domain is not None and domain in desk.mappings and column.name in source.columns:
            held = source.number_sql(column.name, "s")
            joins.append(
                f" LEFT JOIN {desk.mappings[domain]} map_{column.name} ON map_{column.name}.source_id = {held}"
            )
            value = f"map_{column.name}.new_id"
        elif column.use is ColumnUse.PERSON:
            written.append(f"m.{PERSON_KEY} AS {quote_name(column.name)}, m.{PERSON_ORDINAL} AS {PERSON_ORDINAL}")
            continue
        elif column.use is ColumnUse.KEY and domain is None and column.name in source.columns:
            value, numbered = "CAST(NULL AS BIGINT)", [*numbered, column.name]
        elif domain is not None:
            value = f"CAST(NULL AS {column.type})"  # refers to rows that are not here
        else:
            value = _value(column, source)
        if table.name in SPANS:
            value = rules.clipped_sql(column.name, value)
        written.append(f"{rules.column_sql(column.name, value)} AS {quote_name(column.name)}")
    takes_over = desk.takes_over and not is_reduced(table.name, desk.source)
    rows = usable_sql(desk.source, source, rules, "".join(joins), FRESH if takes_over else PEOPLE)
    if source.is_empty:
        rows += (" AND" if " WHERE " in rows else " WHERE") + " FALSE"
    rows = f"SELECT {', '.join(written)} {rows}"
    if takes_over:
        rows = beside_unchanged(desk.connection, table, rows)
    _store_sorted(desk.connection, table.name, rows, numbered)


def _store_sorted(connection: duckdb.DuckDBPyConnection, table: str, rows: str, numbered: list[str]) -> None:
    """Columns in `numbered` become the row's place in the order of people. It is read off the sorted rows, because a
    window that counts them would sort them all a second time."""
    target = f"CREATE TABLE extract.{quote_name(table)} AS"
    if not numbered:
        connection.execute(f"{target} {rows} ORDER BY {PERSON_ORDINAL}")
        return
    places = ", ".join(f"rowid + 1 AS {quote_name(column)}" for column in numbered)
    connection.execute(f"CREATE OR REPLACE TABLE {SORTED} AS {rows} ORDER BY {PERSON_ORDINAL}")
    connection.execute(f"{target} SELECT * REPLACE ({places}) FROM {SORTED}")
    connection.execute(f"DROP TABLE {SORTED}")


def _value(column: CatalogueColumn, source: SourceTable) -> str:
    if column.name not in source.columns:
        return f"CAST(NULL AS {column.type})"
    return f"TRY_CAST(s.{quote_name(source.columns[column.name])} AS {column.type})"


def _unreadable_step(
    connection: duckdb.DuckDBPyConnection, table: CatalogueTable, source: SourceTable, rows: int
) -> list[Step]:
    """Values of the source that are there but are not of the column's type, counted where types differ."""
    if source.is_empty:
        return []
    types = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE {source.relation}").fetchall()}
    lost = [
        f"count(*) FILTER ({held} IS NOT NULL AND TRY_CAST({held} AS {column.type}) IS NULL)"
        for column in table.columns.values()
        if column.use not in (ColumnUse.PERSON, ColumnUse.KEY) and column.name in source.columns
        for held in [f"s.{quote_name(source.columns[column.name])}"]
        if types[source.columns[column.name]] != column.type
    ]
    if not lost:
        return []
    unreadable = connection.execute(f"SELECT {' + '.join(lost)} FROM {source.relation} s").fetchall()[0][0]
    why = f"{unreadable} unreadable values became NULL"
    return [Step("types", table.name, rows, rows, 0, why)] if unreadable else []


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])
