"""What provenance works with: a file's tables as plain data, and what became of each of their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

HEADER_ROW = -1


class Figure(NamedTuple):
    """A number as a file states it, with so many decimals."""

    value: float
    decimals: int

    @property
    def whole(self) -> bool:
        """It may be a count."""
        return self.decimals == 0 and float(self.value).is_integer()


class FiledCell(NamedTuple):
    """One cell: its text (cut), the numbers it states, and whether they name something (a year, an age, a code)."""

    text: str
    figures: tuple[Figure, ...] = ()
    is_key: bool = False


class Spot(NamedTuple):
    """A number's place in a table: row from 0 (HEADER_ROW: the header), column from 0, which number of the cell."""

    row: int
    column: int
    figure: int = 0


@dataclass(frozen=True)
class FiledTable:
    """A table of a submitted file. `whole`: every row is here."""

    place: str
    header: tuple[FiledCell, ...]
    rows: tuple[tuple[FiledCell, ...], ...]
    whole: bool = True

    def spots(self) -> Iterator[tuple[Spot, Figure]]:
        """Every number with its place, header first."""
        for i, row in ((HEADER_ROW, self.header), *enumerate(self.rows)):
            for j, cell in enumerate(row):
                for number, figure in enumerate(cell.figures):
                    yield Spot(i, j, number), figure


class How(StrEnum):
    """How a number of a file goes back to an answer, best first. `VALUE_ONLY` is weak: labels do not fit."""

    LABEL = "label"
    EXACT = "exact"
    ROUNDED = "rounded"
    TOTAL = "total"
    RATIO = "ratio"
    DIFFERENCE = "difference"
    VALUE_ONLY = "value only"
    NONE = "none"

    @property
    def is_proven(self) -> bool:
        """Labels and value agree, so that nobody needs to look for where it comes from."""
        return self not in (How.VALUE_ONLY, How.NONE)


class Link(NamedTuple):
    """Where a number comes from: the receipt, the answer's cell, what it said, and in words what was done with it.
    `sketch` names the set of people behind that very cell, empty where it is not one cell or not on record."""

    how: How
    receipt: str = ""
    row: int = -1
    column: int = -1
    said: float | None = None
    words: str = ""
    sketch: bytes = b""


NOWHERE = Link(How.NONE)
Links = dict[Spot, Link]
