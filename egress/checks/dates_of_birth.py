"""Dates of birth, and other exact dates beside persons. An age band says as much to science and less about anybody.

Source: NHS Data Model and Dictionary, PERSON BIRTH DATE; egress.md (identifiers check).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress.checks.scanning import Search, search
from egress.findings import Finding, Severity
from egress.inspection.cells import read_date
from egress.inspection.columns import Column
from egress.inspection.document import Document, Table
from egress.inspection.headers import kind_said_by
from egress.inspection.identifiers import BIRTHDAY
from egress.inspection.places import place_of
from egress.inspection.studies import Study, study
from egress.inspection.vocabulary import Kind
from governance.disclosure import DisclosureProfile

NAME = "date-of-birth"
FIX = "Give an age band or a year, over groups of people."
FEWEST_DATES = 10
WIDEST_SERIES = 40  # years; a column of single days over more than that is of lives, not of a study period


def _in_line(line: str, context: str) -> Severity | None:
    del context
    return Severity.FAIL if BIRTHDAY.search(line) else None


SEARCH = Search(re.compile(r"birth|born|d\.?o\.?b", re.IGNORECASE), 9, _in_line, _in_line)


def check_dates_of_birth(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for birthdays by header, row label or words; REVIEW for exact dates in a table of persons."""
    del profile
    for table in document.tables:
        yield from _in_table(table)
    for severity, where in search(document, SEARCH):
        yield Finding(NAME, severity, where, "It holds a date of birth.", FIX)


def _in_table(table: Table) -> Iterator[Finding]:
    studied = study(table)
    keyed = any(column.kind is Kind.PERSON_KEY and column.filled for column in studied.columns)
    for column in studied.columns:
        if column.kind not in {Kind.BIRTH, Kind.DATE}:
            continue
        days = [row for row, cell in enumerate(table.column(column.index)) if _is_day(cell, column)]
        if column.kind is Kind.BIRTH and days:
            yield Finding(NAME, Severity.FAIL, place_of(table, days, column.index), "It holds dates of birth.", FIX)
        elif keyed or _spans_lives(table, column) or _is_event_list(studied, column):
            why = "It holds exact dates that may be those of persons."
            yield Finding(NAME, Severity.REVIEW, place_of(table, days, column.index), why, FIX)
    yield from _labelled_rows(studied)


def _is_day(cell: str, column: Column) -> bool:
    return read_date(cell, compact=column.kind is Kind.BIRTH) is not None


def _spans_lives(table: Table, column: Column) -> bool:
    """Many different days, most not the first of a month, over a longer time than any study period."""
    days = {day for cell in table.column(column.index) if (day := read_date(cell))}
    inside = [day for day in days if day.day != 1]
    wide = bool(days) and max(days).year - min(days).year > WIDEST_SERIES
    return wide and len(inside) >= FEWEST_DATES and len(inside) * 2 > len(days)


def _is_event_list(studied: Study, column: Column) -> bool:
    """Different days in no order, with nothing counted over them: events of persons, not a time series."""
    days = [day for cell in studied.table.column(column.index) if (day := read_date(cell))]
    inside = [day for day in days if day.day != 1]
    ordered = days in (sorted(days), sorted(days, reverse=True))
    counted = any(held.kind in {Kind.COUNT, Kind.PERCENT, Kind.STATISTIC} for held in studied.columns)
    return len(inside) >= FEWEST_DATES and len(set(days)) * 2 > len(days) and not ordered and not counted


def _labelled_rows(studied: Study) -> Iterator[Finding]:
    """A row "Date of birth" with a date beside it, as in a form or a key-value table."""
    for row, label in enumerate(studied.row_labels):
        if kind_said_by(label) is Kind.BIRTH:
            for index, cell in enumerate(studied.table.rows[row]):
                if read_date(cell) is not None:
                    where = place_of(studied.table, [row], index)
                    yield Finding(NAME, Severity.FAIL, where, "It holds a date of birth.", FIX)
