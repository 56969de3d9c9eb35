"""Row-level data: results leave, records of persons do not.

Sources: NHS England SDE, "Output your results" (no raw data, nor a subset of it); egress.md: near-unique rows, more
rows than 5,000, a pseudonym-shaped or near-unique column. A vector figure is a table too: one mark, one record.
"""

from __future__ import annotations

from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.delimited import MOST_COLUMNS
from egress.inspection.document import Document, Seen, Table, within
from egress.inspection.person_tables import is_perhaps_table_of_persons, is_table_of_persons, key_strength
from egress.inspection.places import column_name
from egress.inspection.studies import Study, study
from egress.inspection.vocabulary import Kind
from governance.disclosure import DisclosureProfile

NAME = "row-level"
MOST_ROWS = 5_000
MANY_MARKS = 200
AGGREGATE = "Send results over groups of people, with counts at or above the threshold, instead of records."


def check_row_level(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for tables that are, or could be, one row a person; REVIEW where only the shape suggests it."""
    del profile
    for table in document.tables:
        yield from _too_long(table)
        studied = study(table)
        keys = list(_key_columns(studied))
        yield from keys
        if not keys:
            yield from _persons(studied)
    for passage in document.passages:
        if passage.lined and document.is_output and passage.text.count("\n") > MOST_ROWS:
            why = f"The text has more than {MOST_ROWS:,} lines."
            yield Finding(NAME, Severity.FAIL, passage.where, why, AGGREGATE)
    yield from _marks(document)


def _too_long(table: Table) -> Iterator[Finding]:
    if table.total_rows > MOST_ROWS:
        why = f"The table has more than {MOST_ROWS:,} rows."
        yield Finding(NAME, Severity.FAIL, table.where, why, AGGREGATE)
    if table.width >= MOST_COLUMNS:  # readers keep no more
        why = f"The table has {MOST_COLUMNS:,} columns or more."
        yield Finding(NAME, Severity.FAIL, table.where, why, AGGREGATE)


def _key_columns(studied: Study) -> Iterator[Finding]:
    for column in studied.columns:
        where = within(studied.table.where, column_name(studied.table, column.index))
        if column.kind is Kind.PERSON_KEY and column.filled:
            why = "The column's name says that it identifies a person or one of their records."
            fix = f"{AGGREGATE} If the column holds counts, name it so."
            yield Finding(NAME, Severity.FAIL, where, why, fix)
            continue
        strength = key_strength(column, studied.table.column(column.index))
        if strength:
            severity = Severity.FAIL if strength == 2 else Severity.REVIEW
            why = "Nearly every value of the column is different and has the shape of a pseudonym."
            yield Finding(NAME, severity, where, why, AGGREGATE)


def _persons(studied: Study) -> Iterator[Finding]:
    where = studied.table.where
    if is_table_of_persons(studied):
        why = "The rows describe persons (several personal columns) and nothing is counted over them."
        yield Finding(NAME, Severity.FAIL, where, why, AGGREGATE)
    elif is_perhaps_table_of_persons(studied):
        why = "There are many rows, nearly all different, and nothing is counted: it may be one row a person."
        yield Finding(NAME, Severity.REVIEW, where, why, AGGREGATE)


def _marks(document: Document) -> Iterator[Finding]:
    for sighting in document.sightings:
        if sighting.kind is Seen.MANY_MARKS and sighting.number > MANY_MARKS:
            severity = Severity.FAIL if sighting.number > MOST_ROWS else Severity.REVIEW
            why = f"The figure has more than {MANY_MARKS} single marks; each may be a person with exact values."
            fix = "Bin or smooth the data, or send the figure as png without exact coordinates."
            yield Finding(NAME, severity, sighting.where, why, fix)
