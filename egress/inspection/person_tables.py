"""Tells a table of persons (one row each) from a table of results. The heart of the row-level check.

A result table has something measured over people: a count, a percentage, a statistic; and the columns that are not
measured name each row once. A table of persons has neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from egress.inspection import vocabulary as v
from egress.inspection.columns import Column
from egress.inspection.document import Table
from egress.inspection.headers import words_of
from egress.inspection.snomed import is_snomed_id
from egress.inspection.studies import Study
from egress.inspection.vocabulary import Kind

FEWEST_LONG_KEYS = 5
FEWEST_KEYS = 10
FEWEST_SURE_KEYS = 20
FEWEST_PERSONS = 20
FEWEST_SHOWN = 3
FEWEST_UNNAMED = 50
FEWEST_BODILY = 2
LARGEST_CORRELATION = 1
NEARLY_UNIQUE = 0.95
NEARLY_WHOLE_GRID = 0.8
OFTEN_REPEATED = 0.2

HASH = re.compile(r"(?=.*\d)(?=.*[a-fA-F])[0-9a-fA-F]{8,128}")
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
TOKEN = re.compile(r"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/_-]{16,128}={0,2}")
NUMBERED_PERSON = re.compile(r"(?i)(?:p|pt|pat|patient|person|subj|subject|id|mrn|study|case)[-_ ]?\d{3,}")
#: Nine characters of the ONS code history database ("E01000001" is a neighbourhood), which are hexadecimal by chance.
AREA_CODE = re.compile(r"[EWSNJKLM]\d{8}")
LONG_NUMBER = re.compile(r"\d{12,19}")
BIG_NUMBER = re.compile(r"\d{7,11}")
TIMESTAMP = re.compile(r"(?:19|20)\d{2}[01]\d[0-3]\d[0-2]\d[0-5]\d(?:[0-5]\d)?")
SPEAKING_KINDS = frozenset({Kind.COUNT, Kind.STATISTIC, Kind.PERCENT, Kind.CODE, Kind.DATE, Kind.YEAR})


def key_strength(column: Column, cells: Sequence[str]) -> int:
    """How much a column looks like pseudonyms of persons: 0 not, 1 perhaps, 2 surely."""
    if column.said in SPEAKING_KINDS or column.uniqueness < NEARLY_UNIQUE:
        return 0
    filled = [cell for cell in cells if cell]
    if _all_like(filled, AREA_CODE):
        return 0
    if column.filled >= FEWEST_LONG_KEYS and _all_like(filled, HASH, UUID, TOKEN):
        return 2
    numbers = [cell.removesuffix(".0") for cell in filled]
    coded = sum(map(is_snomed_id, numbers)) * 2 >= len(numbers)
    if column.filled >= FEWEST_LONG_KEYS and _all_like(numbers, LONG_NUMBER) and not coded:
        return 0 if _all_like(numbers, TIMESTAMP) else 2
    if column.filled >= FEWEST_KEYS and (
        _all_like(filled, NUMBERED_PERSON) or (_all_like(numbers, BIG_NUMBER) and not coded and not _rounded(numbers))
    ):
        return 2 if column.filled >= FEWEST_SURE_KEYS else 1
    return 0


def _all_like(cells: Sequence[str], *shapes: re.Pattern[str]) -> bool:
    return bool(cells) and all(any(shape.fullmatch(cell) for shape in shapes) for cell in cells)


def _rounded(numbers: Sequence[str]) -> bool:
    return all(number.endswith(("0", "5")) for number in numbers)


def is_table_of_persons(studied: Study) -> bool:
    """Two or more columns that describe a person, and nothing measured over people; or rows named again and again."""
    table = studied.table
    personal = [column for column in studied.columns if set(words_of(column.label)) & (v.PERSONAL | v.BODILY)]
    if _repeats_labels(studied):
        return True
    if FEWEST_SHOWN <= table.total_rows < FEWEST_PERSONS:
        return _is_head_of_persons(studied, personal)
    if table.total_rows < FEWEST_PERSONS or len(personal) < 2:
        return False
    keys = [column for column in studied.columns if not _is_measured(column)]
    repeated = 1 - len(_combinations(table, keys)) / max(1, len(table.rows))
    if any(_is_measured(column) for column in studied.columns):
        return repeated > OFTEN_REPEATED and not any(_is_count(column) for column in studied.columns)
    return repeated > 0 or not _is_grid(table, [column for column in keys if column.kind is not Kind.STATISTIC])


def _repeats_labels(studied: Study) -> bool:
    """Many rows of words alone that come again and again: nobody writes a result twice, but two people are alike."""
    columns = [column for column in studied.columns if column.kind is not Kind.ORDINAL and column.filled]
    if studied.table.total_rows < FEWEST_PERSONS or len(columns) < 2:
        return False
    worded = all(column.kind in {Kind.LABEL, Kind.AGE} and not _is_composite(column) for column in columns)
    rows = [row for row in studied.table.rows if any(row)]
    return worded and len(_combinations(studied.table, columns)) < (1 - OFTEN_REPEATED) * len(rows)


def _is_composite(column: Column) -> bool:
    """A column that holds no plain numbers, but is named as one of counts or statistics: "7 (2.1%)"."""
    return column.said in {Kind.COUNT, Kind.STATISTIC, Kind.PERCENT}


def _is_head_of_persons(studied: Study, personal: Sequence[Column]) -> bool:
    """What `head()` shows: few rows, three personal columns, exact ages or bodily measures, and nothing measured."""
    bodily = [
        column
        for column in personal
        if set(words_of(column.label)) & v.BODILY
        and any(number.value > LARGEST_CORRELATION for number in column.numbers)
    ]
    aged = any(
        column.kind is Kind.AGE and any(n.value > LARGEST_CORRELATION for n in column.numbers) for column in personal
    )
    exact_age = aged or len(bodily) >= FEWEST_BODILY
    measured = any(_is_measured(c) or set(words_of(c.label)) & v.SOFT_STATISTICS for c in studied.columns)
    return len(personal) >= 3 and exact_age and not measured


def is_perhaps_table_of_persons(studied: Study) -> bool:
    """Many rows, nearly all different, several values each, and nothing measured over people; or residuals."""
    table = studied.table
    if table.total_rows >= FEWEST_UNNAMED and any(_is_of_rows(column) for column in studied.columns):
        return True
    valued = [c for c in studied.columns if c.kind in {Kind.MAYBE_COUNT, Kind.STATISTIC, Kind.DATE, Kind.AGE}]
    if table.total_rows < FEWEST_UNNAMED or table.width < 4 or len(valued) < 2:
        return False
    return not any(_is_measured(column) for column in studied.columns) and len(set(table.rows)) >= NEARLY_UNIQUE * len(
        table.rows
    )


def _is_of_rows(column: Column) -> bool:
    """Residuals, fitted values and the like, nearly all different: one a person."""
    said = bool(set(words_of(column.label)) & v.OF_A_ROW)
    return said and column.is_numeric and column.uniqueness >= NEARLY_UNIQUE


def _is_count(column: Column) -> bool:
    """Counts of groups reach above ten or are suppressed; counts of one person (admissions: 0, 1, 2) do not."""
    large = column.protected or any(number.value >= 10 for number in column.numbers)
    return column.kind is Kind.COUNT and large


def _is_measured(column: Column) -> bool:
    strong = bool(set(words_of(column.label)) & (v.STATISTICS | v.PERCENT_WORDS))
    return _is_count(column) or column.kind is Kind.PERCENT or (strong and column.is_numeric)


def _combinations(table: Table, columns: Sequence[Column]) -> set[tuple[str, ...]]:
    indices = [column.index for column in columns]
    return {tuple(row[index] for index in indices) for row in table.rows}


def _is_grid(table: Table, columns: Sequence[Column]) -> bool:
    """Every age with every sex, once: the rows of a prediction, not of persons."""
    indices = [column.index for column in columns]
    cells = 1
    for index in indices:
        cells *= len(set(table.column(index)))
    combinations = {tuple(row[index] for index in indices) for row in table.rows}
    return len(combinations) == len(table.rows) >= NEARLY_WHOLE_GRID * cells
