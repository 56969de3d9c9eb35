"""Looks at a table as a whole: what each column holds, whether rows name the statistics, whether it is a crosstab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from egress.inspection.cells import read_number
from egress.inspection.columns import Column, classify_column
from egress.inspection.document import Table
from egress.inspection.headers import is_category, kind_said_by, words_of
from egress.inspection.vocabulary import Kind

MARGIN_WORDS = frozenset({"total", "totals", "all", "sum", "overall", "grand"})
ROUNDING_SLACK = 5  # a sum of rounded counts is off by up to this for each term
QUARTILES = frozenset({("q1",), ("q3",)})
NAMING = frozenset({Kind.LABEL, Kind.YEAR, Kind.AGE, Kind.CODE})
OF_NO_COUNT = frozenset({Kind.STATISTIC, Kind.PERCENT, Kind.AGE, Kind.YEAR, Kind.CODE, Kind.ORDINAL, Kind.DATE})


@dataclass(frozen=True)
class Study:
    """A table with its columns classified.

    Attributes:
        table: what was studied.
        columns: one a column, in order.
        row_kinds: what each row's label says, where rows name the statistics (as in `describe()`); else all None.
        row_labels: each row's label columns joined, for the words in them.
        firm: the row labels are so plainly those of statistics that they beat a header that says "count".
        describes: the rows are those of pandas' `describe()`, so that the headers name variables, not statistics.
    """

    table: Table
    columns: tuple[Column, ...]
    row_kinds: tuple[Kind | None, ...]
    row_labels: tuple[str, ...]
    describes: bool
    firm: bool

    @cached_property
    def rows_speak(self) -> bool:
        """Some row's label says what its numbers are."""
        return any(kind is not None for kind in self.row_kinds)

    def kind_of(self, row: int, column: int) -> Kind:
        """What the number in one cell is. A row's label beats a header that says nothing, or that says "count"."""
        held, said_by_row = self.columns[column], self.row_kinds[row]
        if said_by_row is not None and self.describes:
            return said_by_row
        if said_by_row is None or held.said in OF_NO_COUNT or held.kind in {Kind.PERSON_KEY, Kind.BIRTH}:
            return held.kind
        return held.kind if held.said is Kind.COUNT and not self.firm else said_by_row


@lru_cache(maxsize=64)
def study(table: Table) -> Study:
    """Classify every column of a table, then correct by what the table is as a whole."""
    columns = tuple(classify_column(index, label, table.column(index)) for index, label in enumerate(table.header))
    labels = _row_labels(table, columns)
    said = {label: kind_said_by(label) if len(label) > 1 or label.lower() == "n" else None for label in set(labels)}
    row_kinds = tuple(map(said.__getitem__, labels))
    if not _rows_name_statistics(row_kinds, columns):
        row_kinds = tuple(None for _ in labels)
    if _is_crosstab(table, columns, labels):
        columns = tuple(
            replace(column, kind=Kind.COUNT) if column.kind is Kind.MAYBE_COUNT else column for column in columns
        )
    if any({"median", "mean"} & set(words_of(column.label)) for column in columns):
        columns = tuple(
            replace(column, kind=Kind.STATISTIC) if words_of(column.label) in QUARTILES else column
            for column in columns
        )
    columns = tuple(
        replace(column, kind=Kind.COUNT) if _must_be_count(column, columns) else column for column in columns
    )
    describes = {label.lower() for label in said} >= {"count", "mean"}
    return Study(table, columns, row_kinds, labels, describes, _plainly_statistics(row_kinds))


def _must_be_count(column: Column, columns: Sequence[Column]) -> bool:
    """A column with marks of disclosure control; or one called person_id that holds rounded numbers beside labels, as
    `groupby("sex").person_id.nunique()` names its counts."""
    if column.kind is Kind.MAYBE_COUNT:
        return column.protected
    if column.kind is not Kind.PERSON_KEY or not any(other.kind in NAMING for other in columns):
        return False
    whole = len(column.numbers) == column.filled > 0 and all(number.whole for number in column.numbers)
    return whole and all(number.value % ROUNDING_SLACK == 0 for number in column.numbers)


def _row_labels(table: Table, columns: Sequence[Column]) -> tuple[str, ...]:
    named = [column.index for column in columns if column.kind is Kind.LABEL and column.said is not Kind.COUNT]
    return tuple(" ".join(row[index] for index in named) for row in table.rows)


def _rows_name_statistics(row_kinds: Sequence[Kind | None], columns: Sequence[Column]) -> bool:
    """True if labels name counts beside other statistics, or if there is just one column of values."""
    said = set(row_kinds) - {None}
    mixed = Kind.COUNT in said and len(said) > 1
    single = sum(column.kind is not Kind.LABEL for column in columns) == 1
    return bool(said) and (mixed or single)


def _plainly_statistics(row_kinds: Sequence[Kind | None]) -> bool:
    """Labels of counts beside labels of statistics, or of statistics in every row."""
    said = set(row_kinds) - {None}
    measured = bool(said & {Kind.STATISTIC, Kind.PERCENT})
    return measured and (Kind.COUNT in said or None not in row_kinds)


def _is_crosstab(table: Table, columns: Sequence[Column], labels: Sequence[str]) -> bool:
    """True if the unnamed whole numbers must be counts: category names above them, or margins that are their sums."""
    unknown = [column for column in columns if column.kind is Kind.MAYBE_COUNT]
    if not unknown:
        return False
    measured = any(column.kind in {Kind.STATISTIC, Kind.PERCENT} for column in columns)
    if not measured and any(is_category(column.label) for column in unknown):
        return True
    return _has_total_column(table, columns, unknown) or _has_total_row(table, unknown, labels)


def _has_total_column(table: Table, columns: Sequence[Column], unknown: Sequence[Column]) -> bool:
    totals = [column for column in columns if column.is_numeric and set(words_of(column.label)) <= MARGIN_WORDS]
    totals = [column for column in totals if words_of(column.label)]
    if not totals or not table.rows:
        return False
    indices = [column.index for column in unknown if column not in totals]
    agreeing = sum(_adds_up([row[i] for i in indices], row[totals[-1].index]) for row in table.rows)
    return agreeing * 2 >= len(table.rows)


def _has_total_row(table: Table, unknown: Sequence[Column], labels: Sequence[str]) -> bool:
    ends = [i for i, label in enumerate(labels) if words_of(label) and set(words_of(label)) <= MARGIN_WORDS]
    if not ends or len(table.rows) < 3:
        return False
    rest = [row for i, row in enumerate(table.rows) if i not in ends]
    return any(_adds_up([row[c.index] for row in rest], table.rows[ends[-1]][c.index]) for c in unknown)


def _adds_up(parts: Sequence[str], total: str) -> bool:
    """Whether the parts sum to the total, but for rounding and for suppressed parts."""
    whole = read_number(total)
    numbers = [number.value for part in parts if (number := read_number(part)) is not None]
    if whole is None or len(numbers) < 2:
        return False
    return abs(sum(numbers) - whole.value) <= ROUNDING_SLACK * len(parts)
