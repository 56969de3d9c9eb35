"""Decides what one column holds, from the words of its header and the shape of its values together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from egress.inspection.cells import PERCENT, Number, is_deliberately_suppressed, is_suppressed, read_date, read_number
from egress.inspection.headers import kind_said_by, words_of
from egress.inspection.vocabulary import Kind

MOST_WHOLE = 0.9  # share of whole numbers from which a stray fraction does not make a column one of measurements
MOSTLY = 0.8
OLDEST = 130  # years
FIRST_YEAR, LAST_YEAR = 1900, 2100
FEWEST_OF_AN_ARM = 10  # a larger whole number under a lone letter is no statistic
BIG = 100_000  # whole numbers from here on, all different, are codes or keys
NUMERIC = frozenset({Kind.AGE, Kind.YEAR, Kind.ORDINAL, Kind.STATISTIC, Kind.PERCENT})
INDEX_NAMES = frozenset({(), ("unnamed", "0"), ("index",), ("level", "0")})


@dataclass(frozen=True)
class Column:
    """One column, classified.

    Attributes:
        index: position in the table, from 0.
        label: the header as shown.
        kind: what its numbers are.
        said: what its header alone says; None if the kind was told from the values.
        values: one a cell, its number or None.
        numbers: its numeric cells.
        filled: cells that are neither blank nor suppressed.
        distinct: different values among the filled cells.
        protected: some cells carry a mark that only disclosure control writes.
    """

    index: int
    label: str
    kind: Kind
    said: Kind | None
    values: tuple[Number | None, ...]
    numbers: tuple[Number, ...]
    filled: int
    distinct: int
    protected: bool

    @property
    def is_numeric(self) -> bool:
        """At least half of what is filled in is numbers."""
        return self.filled > 0 and len(self.numbers) * 2 >= self.filled

    @property
    def is_mixed(self) -> bool:
        """Something is filled in that is no number by itself: "7 (2.1%)", a word, a date."""
        return len(self.numbers) < self.filled

    @property
    def uniqueness(self) -> float:
        """Different values for each filled cell, 0 to 1."""
        return self.distinct / self.filled if self.filled else 0.0


def classify_column(index: int, label: str, cells: Sequence[str]) -> Column:
    """Classify one column of cleaned cells."""
    values = tuple(map(read_number, cells))
    filled = [cell for cell, value in zip(cells, values, strict=True) if value is not None or not is_suppressed(cell)]
    numbers = tuple(number for number in values if number is not None)
    said = kind_said_by(label)
    kind = said if said is not None and _agrees(said, label, numbers, filled) else None
    if len(numbers) < len(filled) and sum(PERCENT.fullmatch(cell) is not None for cell in filled) * 2 >= len(filled):
        kind = Kind.PERCENT
    if kind is None:
        kind = _kind_by_shape(index, label, numbers, filled)
    protected = any(
        value is None and is_deliberately_suppressed(cell) for cell, value in zip(cells, values, strict=True)
    )
    return Column(index, label, kind, said, values, numbers, len(filled), len(set(filled)), protected)


def _agrees(said: Kind, label: str, numbers: Sequence[Number], filled: Sequence[str]) -> bool:
    """Whether the values can be what the header says."""
    values = [number.value for number in numbers]
    if said not in {Kind.BIRTH, Kind.PERSON_KEY} and _are_dates(numbers, filled):  # "date_of_death" counts no deaths
        return False
    if said in NUMERIC and filled and len(numbers) * 2 < len(filled):
        return False
    if (
        said is Kind.STATISTIC and len("".join(words_of(label))) == 1
    ):  # "t" and "b" are statistics; arms A, B and C of a trial are not
        return not numbers or not all(number.whole for number in numbers) or max(values) < FEWEST_OF_AN_ARM
    if said is Kind.COUNT:
        if not numbers:  # "7 (2.1%)", or words
            return any(letter.isdigit() for cell in filled for letter in cell) or not filled
        return sum(number.whole for number in numbers) * 2 >= len(numbers)
    if said is Kind.AGE:
        return all(0 <= value <= OLDEST for value in values)
    if said is Kind.YEAR:
        return all(FIRST_YEAR <= value <= LAST_YEAR for value in values)
    if said is Kind.BIRTH:
        return not filled or any(read_date(cell, compact=True) for cell in filled)
    return True


def _kind_by_shape(index: int, label: str, numbers: Sequence[Number], filled: Sequence[str]) -> Kind:
    if _are_dates(numbers, filled):
        return Kind.DATE
    if not numbers or len(numbers) * 2 < len(filled):
        return Kind.LABEL
    if any(number.value < 0 for number in numbers):
        return Kind.STATISTIC
    if sum(number.whole for number in numbers) < MOST_WHOLE * len(numbers):
        return Kind.STATISTIC
    values = [int(number.value) for number in numbers]
    if _is_index(index, label, values):
        return Kind.ORDINAL
    if len(values) > 1 and all(FIRST_YEAR <= value <= LAST_YEAR for value in values) and _is_run(sorted(set(values))):
        return Kind.YEAR
    if min(values) >= BIG and len(set(values)) >= MOSTLY * len(values):
        return Kind.CODE
    return Kind.MAYBE_COUNT


def _are_dates(numbers: Sequence[Number], filled: Sequence[str]) -> bool:
    return len(numbers) < len(filled) and sum(read_date(cell) is not None for cell in filled) >= MOSTLY * len(filled)


def _is_index(index: int, label: str, values: Sequence[int]) -> bool:
    """Row numbers: 0, 1, 2 ... or 1, 2, 3 ..., in the first column or without a name."""
    unnamed = words_of(label) in INDEX_NAMES
    return (index == 0 or unnamed) and len(values) > 1 and values[0] in {0, 1} and _is_run(values)


def _is_run(values: Sequence[int]) -> bool:
    return len(values) > 1 and all(later - earlier == 1 for earlier, later in pairwise(values))
