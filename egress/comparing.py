"""Compares two versions of a table cell by cell. Pure: texts in, places and texts out; bounded in time and length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, zip_longest

#: Most rows on either side that are matched by likeness; beyond it only rows at the same place are compared.
MATCHED_ROWS = 500
MOST_CHANGES = 500
Row = tuple[str, ...]


@dataclass(frozen=True)
class PlainTable:
    """One table as read: where in its file it is, its header, its rows as a reader sees them."""

    where: str
    header: Row
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class CellChange:
    """One cell that differs. `row` counts data rows of the newer table from 1 (of the earlier one where the row is
    gone); `before` or `after` is None where there was, or is, no such cell."""

    table: str
    row: int
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Comparison:
    """What differs between two files' tables. `more`: how many changes follow those that are listed."""

    changes: tuple[CellChange, ...]
    more: int = 0


def compare(before: Sequence[PlainTable], after: Sequence[PlainTable]) -> Comparison:
    """Table by table in their order; a table without a partner counts as wholly new or wholly gone."""
    nothing = PlainTable("", (), ())
    found = (
        change
        for old, new in zip_longest(before, after, fillvalue=nothing)
        for change in _compare_tables(old, new, new.where or old.where)
    )
    listed = tuple(islice(found, MOST_CHANGES))
    return Comparison(listed, sum(1 for _ in found))


def _compare_tables(old: PlainTable, new: PlainTable, where: str) -> Iterator[CellChange]:
    yield from _compare_rows(where, 0, _names(old, new), old.header, new.header)
    for before, after in _pair(old.rows, new.rows):
        row = (after if after is not None else before) or 0
        here = old.rows[before] if before is not None else ()
        there = new.rows[after] if after is not None else ()
        yield from _compare_rows(where, row + 1, _names(old, new), here, there)


def _names(old: PlainTable, new: PlainTable) -> Row:
    pairs = zip_longest(old.header, new.header, fillvalue="")
    return tuple(later or earlier for earlier, later in pairs)


def _compare_rows(where: str, row: int, names: Row, old: Row, new: Row) -> Iterator[CellChange]:
    for place, (before, after) in enumerate(zip_longest(old, new)):
        if before != after:
            column = names[place] if place < len(names) and names[place] else f"column {place + 1}"
            yield CellChange(where, row, column, before, after)


def _pair(old: Sequence[Row], new: Sequence[Row]) -> Iterator[tuple[int | None, int | None]]:
    """Places of rows that belong together; None where there is no partner. Equal rows at both ends are left out."""
    first, last = 0, 0
    shorter = min(len(old), len(new))
    while first < shorter and old[first] == new[first]:
        first += 1
    while last < shorter - first and old[-1 - last] == new[-1 - last]:
        last += 1
    here, there = old[first : len(old) - last], new[first : len(new) - last]
    for before, after in _match(here, there):
        yield (
            None if before is None else before + first,
            None if after is None else after + first,
        )


def _match(old: Sequence[Row], new: Sequence[Row]) -> Iterator[tuple[int | None, int | None]]:
    if len(old) == len(new) or max(len(old), len(new)) > MATCHED_ROWS:
        yield from zip_longest(range(len(old)), range(len(new)))
        return
    for _, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if old[old_from:old_to] != new[new_from:new_to]:
            yield from zip_longest(range(old_from, old_to), range(new_from, new_to))
