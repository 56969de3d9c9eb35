"""The counts of one table as an audit needs them: value or mark, coordinates, and a place to name in a finding.

Promise: plain numbers and words, small enough to be handed from one locked child to another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from egress.inspection.cells import is_deliberately_suppressed, is_suppressed, upper_bound
from egress.inspection.counts import COUNTED, HEADER_ROW, N_EQUALS, least_counts, whole
from egress.inspection.document import Table, within
from egress.inspection.margins.labels import column_coordinates, coordinates, filled_down
from egress.inspection.places import column_name, rows_named
from egress.inspection.studies import study
from egress.inspection.vocabulary import Kind

SHOWN, BLANK, MARKED = 0, 1, 2  # a value; a blank or a dash, which may be nothing; a mark of disclosure control
NO_CAP = -1
MOST_CELLS = 120_000
MOST_OPEN_CELLS = 15_000  # of a table that hides nothing, and can only be the total of another
LONGEST_COORDINATE = 40
LONGEST_LABEL = 80
#: "* (2.1%)" and "<10 (*)" hide the count before the bracket.
BEFORE_BRACKET = re.compile(r"(\S[^(\[]*?)\s*[(\[].*[)\]]")
LABELLING = frozenset({Kind.LABEL, Kind.YEAR, Kind.AGE, Kind.CODE, Kind.ORDINAL, Kind.DATE, Kind.BIRTH})


class Fact(NamedTuple):
    """One count, shown or hidden.

    Attributes:
        row, column: where it stands; row HEADER_ROW for "(N=25)" in a header.
        at: its coordinates, row labels first; ALL where it is a total.
        value: what is shown, 0 if hidden.
        mark: SHOWN, BLANK or MARKED.
        cap: the largest value that its mark admits to, else NO_CAP.
    """

    row: int
    column: int
    at: tuple[str, ...]
    value: int
    mark: int
    cap: int = NO_CAP


class CountTable(NamedTuple):
    """All counts of a table.

    Attributes:
        where: place of the table.
        names: one a column, as a finding names it.
        labels: one a row, the words of its labels as shown, for totals that are told by their place.
        facts: the counts, by row, then column.
    """

    where: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    facts: tuple[Fact, ...]

    @property
    def hides(self) -> bool:
        """Some cell carries a mark or is blank."""
        return any(fact.mark for fact in self.facts)

    @property
    def marks(self) -> bool:
        """Some cell carries a mark of disclosure control."""
        return any(fact.mark == MARKED for fact in self.facts)

    def place(self, rows: Sequence[int], column: int) -> str:
        """Where cells of one column stand."""
        return within(self.where, f"{rows_named(rows)}, {self.names[column]}")

    def is_rounded(self, base: int) -> bool:
        """Every shown count is a multiple of the base, so that a reader knows each only so far."""
        return base > 1 and all(fact.value % base == 0 for fact in self.facts if fact.mark == SHOWN)


def read_count_table(told: Any) -> CountTable:
    """A table as it came through JSON. Raises ValueError or TypeError for anything else."""
    where, names, labels, facts = told
    read = tuple(Fact(int(r), int(c), tuple(map(str, at)), int(v), int(m), int(cap)) for r, c, at, v, m, cap in facts)
    if any(not 0 <= fact.column < len(names) or fact.row >= len(labels) for fact in read):
        raise ValueError("a count outside of its table")
    return CountTable(str(where), tuple(map(str, names)), tuple(map(str, labels)), read)


@lru_cache(maxsize=64)
def count_table(table: Table) -> CountTable | None:
    """The counts of a table; None if it holds none, or too many."""
    by_column = least_counts(table)
    cells = sum(map(len, by_column.values()))
    if not 0 < cells <= (MOST_CELLS if _may_hide(table) else MOST_OPEN_CELLS):
        return None
    values = {(row, column): value for column, of_rows in by_column.items() for row, value in of_rows.items()}
    counted = sorted({column for _, column in values} | _said_counts(table))
    labels = _label_columns(table, counted)
    columns = dict(zip(counted, column_coordinates([table.header[index] for index in counted]), strict=True))
    down = [filled_down(table.column(index)) if len(labels) > 1 else table.column(index) for index in labels]
    read = [[at[:LONGEST_COORDINATE] for at in coordinates(cells)] for cells in down]
    at_row = list(zip(*read, strict=True)) or [()] * len(table.rows)
    facts = [
        Fact(HEADER_ROW, column, (*("",) * len(labels), *columns[column]), value, SHOWN)
        for (row, column), value in values.items()
        if row == HEADER_ROW
    ]
    if not facts and len(counted) == 1 and (size := N_EQUALS.search(table.caption)):
        facts = [Fact(HEADER_ROW, counted[0], (*("",) * len(labels), *columns[counted[0]]), whole(size[1]), SHOWN)]
    facts += _facts_of_rows(table, values, columns, at_row)
    shown = tuple(" ".join(filter(None, (row[index] for index in labels)))[:LONGEST_LABEL] for row in table.rows)
    names = tuple(column_name(table, index) for index in range(table.width))
    return CountTable(table.where, names, shown, tuple(sorted(facts)))


def _may_hide(table: Table) -> bool:
    return any(column.filled < len(table.rows) for column in study(table).columns)


def _said_counts(table: Table) -> set[int]:
    """Columns of counts of which every one is hidden."""
    return {column.index for column in study(table).columns if column.kind is Kind.COUNT and column.protected}


def _label_columns(table: Table, counted: Sequence[int]) -> list[int]:
    return [
        column.index
        for column in study(table).columns
        if column.index not in counted and column.kind in LABELLING and column.filled
    ]


def _facts_of_rows(
    table: Table,
    values: dict[tuple[int, int], int],
    columns: dict[int, tuple[str, ...]],
    at_row: Sequence[tuple[str, ...]],
) -> Iterator[Fact]:
    studied = study(table)
    for column, at_column in columns.items():
        for row, cell in enumerate(table.column(column)):
            value = values.get((row, column))
            if value is not None:
                yield Fact(row, column, (*at_row[row], *at_column), value, SHOWN)
            elif studied.kind_of(row, column) in COUNTED or studied.columns[column].kind is Kind.LABEL:
                mark, cap = mark_of(cell)
                if mark:
                    yield Fact(row, column, (*at_row[row], *at_column), 0, mark, cap)


def mark_of(cell: str) -> tuple[int, int]:
    """What a cell without a count is: (SHOWN, BLANK or MARKED; the largest value that its mark admits to)."""
    found = BEFORE_BRACKET.fullmatch(cell) if "(" in cell or "[" in cell else None
    head = found[1] if found else cell
    if not is_suppressed(head):
        return (SHOWN, NO_CAP) if not is_suppressed(cell) else (MARKED, NO_CAP)
    cap = upper_bound(head)
    return MARKED if is_deliberately_suppressed(head) else BLANK, NO_CAP if cap is None else cap
