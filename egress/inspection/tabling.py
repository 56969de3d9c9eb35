"""Tables as plain data for provenance: which cells state numbers, which label them. Runs in the locked child only."""

from __future__ import annotations

import re
from typing import Any

from egress.inspection.cells import read_date, read_number
from egress.inspection.counts import HEADER_ROW, N_EQUALS, least_counts
from egress.inspection.document import Document, Table
from egress.inspection.studies import Study, study
from egress.inspection.vocabulary import Kind

LONGEST_TEXT = 120
MOST_CELLS = 200_000  # told of one file; more cannot be looked through by a person either
KEYS = frozenset({Kind.PERSON_KEY, Kind.BIRTH, Kind.DATE, Kind.YEAR, Kind.AGE, Kind.ORDINAL, Kind.CODE})
NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w.]*\d)")
#: "120 (49.0%)", "12.3 [10.1, 14.2]", "7/120", "n=7", "48 %": numbers and their punctuation only.
COMPOSITE = re.compile(r"(?i)[\d\s.,;%()\[\]/=<>±+−–~-]*(?:n\s*=)?[\d\s.,;%()\[\]/=<>±+−–~-]*")

#: A number and how many decimals it is written with.
Figure = tuple[float, int]


def tell_tables(document: Document) -> dict[str, Any]:
    """Every table of a file; `whole` is False where not all of it is told."""
    tables, left = [], MOST_CELLS
    for part in document.walk():
        for table in part.tables:
            kept = max(0, min(len(table.rows), left // max(1, table.width)))
            tables.append(_tell(table, kept))
            left -= kept * table.width
    return {"tables": tables}


def _tell(table: Table, kept: int) -> dict[str, Any]:
    studied = study(table)
    counted = {(row, column) for column, of_rows in least_counts(table).items() for row in of_rows}
    numbering = {column.index for column in studied.columns if _numbers_rows(studied, column.index)}
    return {
        "place": table.where[:LONGEST_TEXT],
        "whole": kept == table.total_rows,
        "header": [_tell_header(label, (HEADER_ROW, j) in counted) for j, label in enumerate(table.header)],
        "rows": [
            [
                [
                    cell[:LONGEST_TEXT],
                    [] if j in numbering else figures_of(cell, (i, j) in counted),
                    _is_key(studied, i, j),
                ]
                for j, cell in enumerate(row)
            ]
            for i, row in enumerate(table.rows[:kept])
        ],
    }


def figures_of(cell: str, counted: bool) -> list[Figure]:
    """The numbers that a cell states; none for a label that has digits in it."""
    if not cell or not any(letter.isdigit() for letter in cell):
        return []
    if (number := read_number(cell)) is not None:
        return [(number.value, _decimals(cell))]
    if not counted and (not COMPOSITE.fullmatch(cell) or not any(sign in cell for sign in "(%[/=±")):
        return []
    if read_date(cell) is not None:
        return []
    texts = [found.group().replace(",", "").replace("−", "-") for found in NUMBER.finditer(cell[:LONGEST_TEXT])]
    return [(float(text), _decimals(text)) for text in texts]


def _tell_header(label: str, counted: bool) -> list[Any]:
    figures = [(float(found[1].replace(",", "").replace(" ", "")), 0) for found in N_EQUALS.finditer(label)]
    return [label[:LONGEST_TEXT], figures if counted else [], False]


def _is_key(studied: Study, row: int, column: int) -> bool:
    return studied.kind_of(row, column) in KEYS


def _numbers_rows(studied: Study, column: int) -> bool:
    """Whether a column does nothing but count the rows: 0, 1, 2 ... or 1, 2, 3 ..."""
    values = [None if number is None else number.value for number in studied.columns[column].values]
    return (
        column == 0
        and len(values) > 1
        and values[0] in (0, 1)
        and values == [values[0] + i for i in range(len(values))]
    )


def _decimals(text: str) -> int:
    _, point, fraction = text.strip("%*_ ").partition(".")
    digits = len(fraction) - len(fraction.lstrip("0123456789"))
    return digits if point else 0
