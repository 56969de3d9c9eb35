"""Finds the counts in a table, cell by cell, also those written as "7 (2.1%)", "n=7" or "7/120"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from egress.inspection.cells import Number
from egress.inspection.columns import Column
from egress.inspection.document import Table
from egress.inspection.headers import words_of
from egress.inspection.studies import Study, study
from egress.inspection.vocabulary import PROPORTIONS, Kind

HEADER_ROW = -1
MOST_COLUMNS_NAMED = 30
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


class CountColumn(NamedTuple):
    """The counts of one column, top to bottom, HEADER_ROW for one in its header; "7/120" brings two of one row.

    Attributes:
        column: position in the table, from 0.
        certain: False where only their shape says so.
        rows, values: of each count, in equal order.
    """

    column: int
    certain: bool
    rows: Sequence[int]
    values: Sequence[int]

    def rows_where(self, holds: Callable[[int], bool]) -> list[int]:
        """The rows of the counts of which something holds, each once."""
        wanted = set(filter(holds, set(self.values)))
        if not wanted:
            return []
        return list(dict.fromkeys(row for row, value in zip(self.rows, self.values, strict=True) if value in wanted))


@lru_cache(maxsize=64)
def count_columns(table: Table) -> tuple[CountColumn, ...]:
    """Every count in the table, header included. Values that are not counts are left out."""
    studied = study(table)
    found: list[CountColumn] = []
    for column in studied.columns:
        sizes = [(HEADER_ROW, whole(size[1]), True) for size in N_EQUALS.finditer(column.label)]
        if studied.rows_speak or column.is_mixed:
            found += _sorted_out(column.index, [*sizes, *_counts_of_mixed_column(studied, column)])
        else:
            found += _sorted_out(column.index, sizes)
            found += _counts_of_plain_column(column) if column.kind in COUNTED else ()
    return tuple(found)


@lru_cache(maxsize=64)
def least_counts(table: Table) -> dict[int, dict[int, int]]:
    """The count of each cell by column and row, header included; of "7/120" the lesser."""
    found: dict[int, dict[int, int]] = {}
    for counted in count_columns(table):
        cells = dict(zip(reversed(counted.rows), reversed(counted.values), strict=True))
        known = found.setdefault(counted.column, cells)
        for row, value in cells.items() if known is not cells else ():
            known[row] = min(value, known.get(row, value))
    return found


def columns_where(table: Table, holds: Callable[[int], bool]) -> list[tuple[CountColumn, list[int]]]:
    """Columns with counts of which something holds, and their rows; certain ones first, at most MOST_COLUMNS_NAMED."""
    found = [(counted, rows) for counted in count_columns(table) if (rows := counted.rows_where(holds))]
    return sorted(found, key=lambda pair: (pair[0].certain, pair[0].column), reverse=True)[:MOST_COLUMNS_NAMED]


def _sorted_out(column: int, counts: Sequence[tuple[int, int, bool]]) -> Iterator[CountColumn]:
    """Counts as (row, value, whether it is certain), the certain ones apart."""
    for certain in (False, True):
        of_kind = sorted((row, value) for row, value, said in counts if said is certain)
        if of_kind:
            yield CountColumn(column, certain, *zip(*of_kind, strict=True))


def _counts_of_plain_column(column: Column) -> Iterator[CountColumn]:
    """A column of plain numbers: each different text is turned into a count once."""
    read = column.held.read.items()
    counts = {cell: int(number.value) for cell, number in read if number and number.whole and number.value >= 0}
    cells = column.held.cells
    rows = range(len(cells)) if len(counts) == len(read) else [i for i, cell in enumerate(cells) if cell in counts]
    if rows:
        yield CountColumn(column.index, column.kind is Kind.COUNT, rows, [counts[cells[row]] for row in rows])


def _counts_of_mixed_column(studied: Study, column: Column) -> Iterator[tuple[int, int, bool]]:
    for row, cell in enumerate(studied.table.column(column.index)):
        if cell and (cell.isdigit() or any(letter.isdigit() for letter in cell)):
            for value, certain in _counts_of_cell(studied, row, column.index, cell, column.values[row]):
                yield row, value, certain


def _counts_of_cell(
    studied: Study, row: int, column: int, cell: str, number: Number | None
) -> Iterator[tuple[int, bool]]:
    kind = studied.kind_of(row, column)
    if number is not None:
        if number.whole and number.value >= 0 and kind in COUNTED:
            yield int(number.value), kind is Kind.COUNT
        return
    if kind is Kind.LABEL:  # a column of "5 (4)" holds no plain numbers, so only its header can say what they are
        kind = studied.columns[column].said or kind
    of_parts = bool(set(words_of(studied.columns[column].label)) & PROPORTIONS)
    yield from _composite(cell, kind, speaks_of_percent(studied, row, column), of_parts=of_parts)


def speaks_of_percent(studied: Study, row: int, column: int) -> bool:
    """Whether the header of a cell, or the label of its row, names percent."""
    return "%" in studied.columns[column].label or "%" in studied.row_labels[row]


def _composite(cell: str, kind: Kind, beside_percent: bool, *, of_parts: bool) -> Iterator[tuple[int, bool]]:
    """Counts in a cell that holds more than a number, each with whether it is certain."""
    for form in (WITH_PERCENT, PERCENT_FIRST, PEOPLE_NAMED):
        if found := form.fullmatch(cell):
            yield whole(found[1]), True
            return
    if found := WITH_BRACKET.fullmatch(cell):
        if beside_percent or kind in {Kind.COUNT, Kind.MAYBE_COUNT, Kind.LABEL}:
            yield whole(found[1]), beside_percent or kind is Kind.COUNT
        return
    if found := FRACTION.fullmatch(cell):
        part, total = whole(found[1]), whole(found[2])
        if (kind in {Kind.COUNT, Kind.PERCENT} or of_parts) and part <= total:
            yield from ((part, True), (total, True))
        return
    for found in N_EQUALS.finditer(cell):
        yield whole(found[1]), True


def whole(text: str) -> int:
    """A whole number as people write it: "1,204"."""
    return int(text.replace(",", "").replace(" ", "")[:18])
