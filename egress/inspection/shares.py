"""Turns percentages and rates back into the counts they imply, given what they are shares of.

A share is known to within its last digit, its denominator to within its rounding, so the count is an interval.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor

from egress.inspection.columns import Column
from egress.inspection.counts import HEADER_ROW, N_EQUALS, count_columns, least_counts, speaks_of_percent
from egress.inspection.document import Table
from egress.inspection.headers import words_of
from egress.inspection.margins.facts import SHOWN, mark_of
from egress.inspection.margins.labels import says_total
from egress.inspection.margins.system import is_given_away
from egress.inspection.studies import Study, study
from egress.inspection.vocabulary import PERCENT_WORDS, PROPORTIONS, Kind, words

SHARE = re.compile(r"(\d{1,7})(?:\.(\d{1,8})|,(\d{1,2}|\d{4,8}))?\s*%?")  # "12,5" too
#: "* (0.5%)": a hidden count, and its share.
HIDDEN_BESIDE_SHARE = re.compile(r"(\S[^(\[]*?)\s*[(\[]\s*([\d.,]{1,12}\s*%?)\s*[)\]]")
PER = re.compile(r"per[ _]?(1[ ,_]?000[ ,_]?000|100[ ,_]?000|10[ ,_]?000|1[ ,_]?000|100)(?!\d)")
POPULATIONS = words("n total population pop denominator denom eligible size patients people persons base list")
AGREEING = 0.8
FEWEST_AGREEING = 2
NEAR = 1e-9


@dataclass(frozen=True)
class Implied:
    """The count that one share implies.

    Attributes:
        row, column: where the share stands.
        low, high: least and most of the count, with the denominator true to within its rounding.
        shown: a count is shown for it, so that it says nothing new.
        mark: what stands where its count would: SHOWN also where there is no such place (margins.facts).
        rounded: some multiple of the base over the denominator as shown gives this share; True where that is not asked.
    """

    row: int
    column: int
    low: float
    high: float
    shown: bool
    mark: int = SHOWN
    rounded: bool = True

    @property
    def most(self) -> int:
        """The largest whole number of people."""
        return floor(self.high + NEAR)

    def tells(self, threshold: int) -> bool:
        """Whether a count under the threshold follows: surely under it; or hidden, and then known to few values."""
        surely = not self.shown and 0 < self.most < threshold
        return surely or is_given_away(self.mark, self.low, self.high, threshold)


@dataclass(frozen=True)
class _Share:
    """A share as written: 0 to 1, and half of its last digit."""

    value: float
    half: float

    def of(self, whole: float, off: float = 0.0) -> tuple[float, float]:
        """(least, most) that this share of a whole can be."""
        return max(0.0, self.value - self.half) * max(0.0, whole - off), (self.value + self.half) * (whole + off)


@dataclass(frozen=True)
class _Counts:
    """The counts of a table by column and row, and how far they may be off."""

    by_column: dict[int, dict[int, int]]
    sizes: dict[int, int]
    off: int


@lru_cache(maxsize=64)
def implied_counts(table: Table, base: int) -> tuple[Implied, ...]:
    """What every share of a table implies, as far as its denominator is known. `base`: of rounding."""
    studied = study(table)
    shares = [(column, scale) for column in studied.columns if (scale := _scale_of(column))]
    bracketed = [column for column in studied.columns if column.is_mixed and N_EQUALS.search(column.label)]
    if not shares and not bracketed:
        return ()
    counts = _counts_of(table, base)
    found: list[Implied] = []
    for column in bracketed:
        found += _of_brackets(studied, column.index, counts)
    for column, scale in shares:
        cells = {row: share for row, cell in enumerate(table.column(column.index)) if (share := _read(cell, scale))}
        found += _of_column(table, studied.columns, column, cells, counts, base)
    return tuple(found)


def _of_brackets(studied: Study, column: int, counts: _Counts) -> Iterator[Implied]:
    """Hidden counts with a percentage in brackets, of the size of their group: "(N=1,200)" in the header."""
    size = counts.sizes[column]
    for row, cell in enumerate(studied.table.column(column)):
        found = HIDDEN_BESIDE_SHARE.fullmatch(cell)
        speaks = "%" in cell or speaks_of_percent(studied, row, column)
        if found and speaks and (mark := mark_of(found[1])[0]) and (share := _read(found[2], 100.0)):
            low, high = share.of(size, counts.off)
            yield Implied(row, column, low, high, shown=False, mark=mark)


def _scale_of(column: Column) -> float:
    """What 1 is written as: 100 for percent, 1,000 for "per 1,000"; 0 for a column that holds no shares."""
    label = column.label.lower()
    said = set(words_of(label))
    if per := PER.search(label):
        return float(re.sub(r"\D", "", per[1]))
    if column.kind is Kind.PERCENT:
        return 100.0
    values = [number.value for number in column.numbers]
    return 1.0 if said & PROPORTIONS and values and max(values) <= 1 else 0.0


def _read(cell: str, scale: float) -> _Share | None:
    found = SHARE.fullmatch(cell)
    if found is None:
        return None
    decimals = found[2] or found[3] or ""
    return _Share(float(f"{found[1]}.{decimals or 0}") / scale, 0.5 * 10 ** -len(decimals) / scale)


def _counts_of(table: Table, base: int) -> _Counts:
    by_column: dict[int, dict[int, int]] = {}
    sizes: dict[int, int] = {}
    rounded = not any(value % base for counted in count_columns(table) for value in set(counted.values))
    for counted in count_columns(table):
        of_header = [value for row, value in zip(counted.rows, counted.values, strict=True) if row == HEADER_ROW]
        sizes |= {counted.column: max(of_header)} if of_header else {}
    for column, of_rows in least_counts(table).items():
        if below := {row: value for row, value in of_rows.items() if row != HEADER_ROW}:
            by_column[column] = below
    return _Counts(by_column, sizes, base // 2 if rounded and base > 1 else 0)


def _of_column(
    table: Table,
    columns: Sequence[Column],
    column: Column,
    cells: dict[int, _Share],
    counts: _Counts,
    base: int,
) -> Iterator[Implied]:
    related = _relation(table, columns, column.index, cells, counts)
    if related is not None:
        yield from _of_relation(table, column.index, cells, *related, counts, base)
        return
    told = _common_whole(column.index, cells, counts)
    if told is not None:
        part, low, high = told
        shown, marks = counts.by_column[part], _marks_of(table.column(part))
        for row, share in cells.items():
            yield Implied(row, column.index, share.of(low)[0], share.of(high)[1], row in shown, marks[row])
        return
    is_rate = bool(set(words_of(column.label)) - PERCENT_WORDS)  # a bare "percent" is one of an unknown total
    for row, share in cells.items():
        whole = counts.sizes.get(column.index) or (is_rate and _population(table, columns, row, counts))
        if whole:
            low, high = share.of(whole, counts.off)
            yield Implied(row, column.index, low, high, shown=False)


def _common_whole(column: int, cells: dict[int, _Share], counts: _Counts) -> tuple[int, float, float] | None:
    """(column of the parts, least, most): the one total, shown nowhere, of which all counts and their shares tell.

    Two counts bear each other out; one is enough beside shares that are those of all parts of one whole.
    """
    needed = 1 if _add_up(cells.values()) else FEWEST_AGREEING
    for part in sorted(counts.by_column, key=lambda index: (index > column, abs(index - column))):
        shown = counts.by_column[part]
        told = [(shown[row], share) for row, share in cells.items() if row in shown and share.value > share.half]
        low = max(((value - counts.off) / (share.value + share.half) for value, share in told), default=0.0)
        high = min(((value + counts.off) / (share.value - share.half) for value, share in told), default=0.0)
        if len({share.value for _, share in told}) >= needed and 0 < low <= high:
            return part, low, high
    return None


def _add_up(shares: Iterable[_Share]) -> bool:
    """Whether shares are of the parts of one whole: with those of a total left out, they come to 100 %."""
    parts = [share for share in shares if share.value < 1]
    missing = abs(1 - sum(share.value for share in parts))
    return len(parts) > 1 and missing <= sum(share.half for share in parts) + NEAR


def _marks_of(cells: Sequence[str]) -> list[int]:
    return [mark_of(cell)[0] for cell in cells]


def _of_relation(
    table: Table,
    column: int,
    cells: dict[int, _Share],
    part: int,
    wholes: dict[int, int],
    counts: _Counts,
    base: int,
) -> Iterator[Implied]:
    shown, marks = counts.by_column.get(part, {}), _marks_of(table.column(part))
    for row, share in cells.items():
        if row in wholes:
            low, high = share.of(wholes[row], counts.off)
            bare = share.of(wholes[row])
            rounded = counts.off == 0 or floor(bare[1] / base + NEAR) * base >= bare[0] - NEAR
            yield Implied(row, column, low, high, row in shown, marks[row], rounded)


def _relation(
    table: Table, columns: Sequence[Column], column: int, cells: dict[int, _Share], counts: _Counts
) -> tuple[int, dict[int, int]] | None:
    """(column of the parts, whole of each row): of which counts the shares are shares, as most rows bear out."""
    ordered = sorted(counts.by_column, key=lambda index: (index > column, abs(index - column)))
    for part in ordered:
        for wholes in _wholes(table, columns, part, ordered, counts):
            if _bears_out(cells, counts.by_column[part], wholes, counts.off):
                return part, wholes
    return None


def _wholes(
    table: Table, columns: Sequence[Column], part: int, others: Sequence[int], counts: _Counts
) -> Iterator[dict[int, int]]:
    """What the counts of one column may be parts of: the total of the column, its "(N=25)", or another column."""
    values = counts.by_column[part]
    rows = range(len(table.rows))
    totals = [
        row for row in values if says_total(" ".join(table.rows[row][c.index] for c in columns if c.index != part))
    ]
    for size in filter(None, (counts.sizes.get(part), *(values[row] for row in totals[-1:]))):
        yield dict.fromkeys(rows, size)
    if len(values) == len(table.rows):
        yield dict.fromkeys(rows, sum(value for row, value in values.items() if row not in totals))
    for other in others:
        if other != part:
            yield counts.by_column[other]


def _bears_out(cells: dict[int, _Share], parts: dict[int, int], wholes: dict[int, int], off: int) -> bool:
    tried = [(share.of(wholes[row], off), parts[row]) for row, share in cells.items() if row in parts and row in wholes]
    agreeing = sum(low - off <= part <= high + off for (low, high), part in tried)
    telling = len({round(share.value, 6) for row, share in cells.items() if row in parts}) > 1
    return telling and agreeing >= FEWEST_AGREEING and agreeing >= AGREEING * len(tried)


def _population(table: Table, columns: Sequence[Column], row: int, counts: _Counts) -> int:
    """The one count of a row that can be the denominator; 0 if there is none, or several."""
    held = [index for index in counts.by_column if row in counts.by_column[index]]
    named = [index for index in held if set(words_of(columns[index].label)) & POPULATIONS]
    chosen = held if len(held) == 1 else named
    return (
        counts.by_column[chosen[0]][row] if len(chosen) == 1 and not N_EQUALS.search(table.rows[row][chosen[0]]) else 0
    )
