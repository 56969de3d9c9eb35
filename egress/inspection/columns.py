"""Decides what one column holds, from the words of its header and the shape of its values together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
class Values:
    """The cells of one column, each different text read once.

    Attributes:
        cells: one a row, cleaned.
        read: the number in each different cell, None where there is none.
        blank: different cells that are blank or carry a mark of suppression.
    """

    cells: Sequence[str]
    read: Mapping[str, Number | None]
    blank: frozenset[str]

    @classmethod
    def of(cls, cells: Sequence[str]) -> Values:
        """Read the cells of a column."""
        read = {cell: read_number(cell) for cell in set(cells)}
        return cls(
            cells, read, frozenset(cell for cell, number in read.items() if number is None and is_suppressed(cell))
        )

    @cached_property
    def in_rows(self) -> tuple[Number | None, ...]:
        """One a cell, its number or None."""
        return tuple(map(self.read.__getitem__, self.cells))

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """The numeric cells, top to bottom."""
        return tuple(filter(None, self.in_rows))

    @cached_property
    def different_numbers(self) -> tuple[Number, ...]:
        """A number for each different numeric cell, in no order."""
        return tuple(filter(None, self.read.values()))

    @cached_property
    def filled(self) -> int:
        """Cells that are neither blank nor suppressed."""
        return self.count(lambda _: True)

    @cached_property
    def different(self) -> frozenset[str]:
        """The different cells that are filled."""
        return frozenset(self.read) - self.blank

    def count(self, holds: Callable[[str], bool]) -> int:
        """Of how many filled cells something holds."""
        agreeing = set(filter(holds, self.different))
        if len(agreeing) == len(self.read):
            return len(self.cells)
        return sum(map(agreeing.__contains__, self.cells)) if agreeing else 0

    def count_whole(self) -> int:
        """How many cells are whole numbers."""
        return self.count(lambda cell: (number := self.read[cell]) is not None and number.whole)


@dataclass(frozen=True)
class Column:
    """One column, classified.

    Attributes:
        index: position in the table, from 0.
        label: the header as shown.
        kind: what its numbers are.
        said: what its header alone says; None if the kind was told from the values.
        held: its cells, read.
        protected: some cells carry a mark that only disclosure control writes.
    """

    index: int
    label: str
    kind: Kind
    said: Kind | None
    held: Values
    protected: bool

    @property
    def values(self) -> tuple[Number | None, ...]:
        """One a cell, its number or None."""
        return self.held.in_rows

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Its numeric cells."""
        return self.held.numbers

    @property
    def filled(self) -> int:
        """Cells that are neither blank nor suppressed."""
        return self.held.filled

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
        return len(self.held.different) / self.filled if self.filled else 0.0


def classify_column(index: int, label: str, cells: Sequence[str]) -> Column:
    """Classify one column of cleaned cells."""
    held = Values.of(cells)
    said = kind_said_by(label)
    kind = said if said is not None and _agrees(said, label, held) else None
    if len(held.numbers) < held.filled and held.count(_is_percentage) * 2 >= held.filled:
        kind = Kind.PERCENT
    protected = any(number is None and is_deliberately_suppressed(cell) for cell, number in held.read.items())
    return Column(index, label, kind or _kind_by_shape(index, label, held), said, held, protected)


def _is_percentage(cell: str) -> bool:
    return PERCENT.fullmatch(cell) is not None


def _agrees(said: Kind, label: str, held: Values) -> bool:
    """Whether the values can be what the header says."""
    values = [number.value for number in held.different_numbers]
    if said not in {Kind.BIRTH, Kind.PERSON_KEY} and _are_dates(held):  # "date_of_death" counts no deaths
        return False
    if said in NUMERIC and held.filled and len(held.numbers) * 2 < held.filled:
        return False
    if (
        said is Kind.STATISTIC and len("".join(words_of(label))) == 1
    ):  # "t" and "b" are statistics; arms A, B and C of a trial are not
        return not values or held.count_whole() < len(held.numbers) or max(values) < FEWEST_OF_AN_ARM
    if said is Kind.COUNT:
        if not values:  # "7 (2.1%)", or words
            return not held.filled or any(letter.isdigit() for cell in held.different for letter in cell)
        return held.count_whole() * 2 >= len(held.numbers)
    if said is Kind.AGE:
        return all(0 <= value <= OLDEST for value in values)
    if said is Kind.YEAR:
        return all(FIRST_YEAR <= value <= LAST_YEAR for value in values)
    if said is Kind.BIRTH:
        return not held.filled or any(read_date(cell, compact=True) for cell in held.different)
    return True


def _kind_by_shape(index: int, label: str, held: Values) -> Kind:
    numbers = held.numbers
    if _are_dates(held):
        return Kind.DATE
    if not numbers or len(numbers) * 2 < held.filled:
        return Kind.LABEL
    if any(number.value < 0 for number in held.different_numbers):
        return Kind.STATISTIC
    if held.count_whole() < MOST_WHOLE * len(numbers):
        return Kind.STATISTIC
    if _is_index(index, label, numbers):
        return Kind.ORDINAL
    values = {int(number.value) for number in held.different_numbers}
    if len(numbers) > 1 and all(FIRST_YEAR <= value <= LAST_YEAR for value in values) and _is_run(sorted(values)):
        return Kind.YEAR
    if min(values) >= BIG and len(values) >= MOSTLY * len(numbers):
        return Kind.CODE
    return Kind.MAYBE_COUNT


def _are_dates(held: Values) -> bool:
    if len(held.numbers) == held.filled:
        return False
    return held.count(lambda cell: read_date(cell) is not None) >= MOSTLY * held.filled


def _is_index(index: int, label: str, numbers: Sequence[Number]) -> bool:
    """Row numbers: 0, 1, 2 ... or 1, 2, 3 ..., in the first column or without a name."""
    if len(numbers) < 2 or not 0 <= numbers[0].value < 2 or (index > 0 and words_of(label) not in INDEX_NAMES):
        return False
    return _is_run([int(number.value) for number in numbers])


def _is_run(values: Sequence[int]) -> bool:
    return len(values) > 1 and all(later - earlier == 1 for earlier, later in pairwise(values))
