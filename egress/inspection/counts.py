"""Finds the counts in a table, cell by cell, also those written as "7 (2.1%)", "n=7" or "7/120"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from egress.inspection.cells import Number
from egress.inspection.columns import Column
from egress.inspection.document import Table
from egress.inspection.headers import words_of
from egress.inspection.studies import Study, study
from egress.inspection.vocabulary import PROPORTIONS, Kind

HEADER_ROW = -1
WHOLE = r"\d{1,3}(?:[, ]\d{3})+|\d+"
WITH_PERCENT = re.compile(rf"({WHOLE})\s*[\[(]\s*<?\s*\d+(?:\.\d+)?\s*%\s*[\])]")
PERCENT_FIRST = re.compile(rf"\d+(?:\.\d+)?\s*%\s*[\[(]\s*({WHOLE})\s*[\])]")
WITH_BRACKET = re.compile(rf"({WHOLE})\s*[\[(]\s*\d+(?:\.\d+)?\s*[\])]")
FRACTION = re.compile(rf"({WHOLE})\s*/\s*({WHOLE})")
N_EQUALS = re.compile(rf"(?<![A-Za-z0-9_])[nN]\s*=\s*({WHOLE})(?![\d.])")
PEOPLE_NAMED = re.compile(
    rf"({WHOLE})\s+(?:patients?|people|persons?|participants?|deaths?|individuals?|cases?|women|men|children|admissions?)",
    re.IGNORECASE,
)


COUNTED = frozenset({Kind.COUNT, Kind.MAYBE_COUNT})


class CountCell(NamedTuple):
    """A count in a table. `certain` is False where only its shape says so."""

    row: int
    column: int
    value: int
    certain: bool


@lru_cache(maxsize=64)
def count_cells(table: Table) -> tuple[CountCell, ...]:
    """Every count in the table, in reading order, header included. Values that are not counts are left out."""
    studied = study(table)
    found = [
        CountCell(HEADER_ROW, index, _whole(size[1]), certain=True)
        for index, label in enumerate(table.header)
        for size in N_EQUALS.finditer(label)
    ]
    for column in studied.columns:
        if studied.rows_speak or column.is_mixed:
            found += _counts_of_mixed_column(studied, column)
        elif column.kind in COUNTED:
            found += _counts_of_plain_column(column)
    return tuple(sorted(found))


def _counts_of_plain_column(column: Column) -> Iterator[CountCell]:
    certain = column.kind is Kind.COUNT
    for row, number in enumerate(column.values):
        if number is not None and number.whole and number.value >= 0:
            yield CountCell(row, column.index, int(number.value), certain)


def _counts_of_mixed_column(studied: Study, column: Column) -> Iterator[CountCell]:
    for row, cell in enumerate(studied.table.column(column.index)):
        if cell and (cell.isdigit() or any(letter.isdigit() for letter in cell)):
            yield from _counts_of_cell(studied, row, column.index, cell, column.values[row])


def _counts_of_cell(studied: Study, row: int, column: int, cell: str, number: Number | None) -> Iterator[CountCell]:
    kind = studied.kind_of(row, column)
    if number is not None:
        if number.whole and number.value >= 0 and kind in COUNTED:
            yield CountCell(row, column, int(number.value), certain=kind is Kind.COUNT)
        return
    if kind is Kind.LABEL:  # a column of "5 (4)" holds no plain numbers, so only its header can say what they are
        kind = studied.columns[column].said or kind
    of_parts = bool(set(words_of(studied.columns[column].label)) & PROPORTIONS)
    for value, certain in _composite(cell, kind, _speaks_of_percent(studied, row, column), of_parts=of_parts):
        yield CountCell(row, column, value, certain)


def _speaks_of_percent(studied: Study, row: int, column: int) -> bool:
    return "%" in studied.columns[column].label or "%" in studied.row_labels[row]


def _composite(cell: str, kind: Kind, beside_percent: bool, *, of_parts: bool) -> Iterator[tuple[int, bool]]:
    """Counts in a cell that holds more than a number, each with whether it is certain."""
    for form in (WITH_PERCENT, PERCENT_FIRST, PEOPLE_NAMED):
        if found := form.fullmatch(cell):
            yield _whole(found[1]), True
            return
    if found := WITH_BRACKET.fullmatch(cell):
        if beside_percent or kind in {Kind.COUNT, Kind.MAYBE_COUNT, Kind.LABEL}:
            yield _whole(found[1]), beside_percent or kind is Kind.COUNT
        return
    if found := FRACTION.fullmatch(cell):
        part, whole = _whole(found[1]), _whole(found[2])
        if (kind in {Kind.COUNT, Kind.PERCENT} or of_parts) and part <= whole:
            yield from ((part, True), (whole, True))
        return
    for found in N_EQUALS.finditer(cell):
        yield _whole(found[1]), True


def _whole(text: str) -> int:
    return int(text.replace(",", "").replace(" ", "")[:18])
