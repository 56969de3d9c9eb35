"""Finds where on a page the findings of a file belong: cells of a table, lines of a text, cells of a notebook.

Promise: every finding gets exactly one first place, called `f` and its number, so that a link to it always arrives.
What a finding says of its place (egress.inspection.places) is read back here; nothing else of it is needed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from egress.inspection.document import Table
from egress.inspection.places import HEADER_ROW, column_name

ROW = r"(?:header|\d+)"
CELLS = re.compile(
    rf"(?P<rows>header|rows? {ROW}(?:(?:, | and ){ROW})*?)(?: and \d+ more)?, (?P<columns>columns? .+)", re.DOTALL
)
LINES = re.compile(r"lines? (?P<lines>\d+(?:(?:, | and )\d+)*?)(?: and \d+ more)?")
NUMBER = re.compile(ROW)
BETWEEN = re.compile(r", | and ")

Cell = tuple[int, int]


@dataclass(frozen=True)
class Flag:
    """One finding on the page. `number` counts the file's findings from 1; `severity` is REVIEW or FAIL."""

    number: int
    severity: str
    where: str


class Flags:
    """The findings of one file, and which of them have a place already."""

    def __init__(self, flags: Iterable[Flag] = ()) -> None:
        self._flags = tuple(flags)
        self._placed: Counter[int] = Counter()

    def anchor(self, flag: Flag) -> str:
        """The id of the next place of this finding: `f3`, then `f3-2`, `f3-3`."""
        self._placed[flag.number] += 1
        count = self._placed[flag.number]
        return f"f{flag.number}" if count == 1 else f"f{flag.number}-{count}"

    def left(self) -> tuple[Flag, ...]:
        """Those without a place."""
        return tuple(flag for flag in self._flags if not self._placed[flag.number])

    def below(self, where: str) -> tuple[Flag, ...]:
        """Those about that place or a place inside it."""
        return tuple(flag for flag in self._flags if _inside(flag.where, where) is not None)

    def in_table(self, table: Table) -> Mapping[Cell, tuple[Flag, ...]]:
        """Flags by cell (row HEADER_ROW is the header). A finding on a whole column flags its header."""
        columns = {column_name(table, index): index for index in reversed(range(table.width))}
        found: dict[Cell, list[Flag]] = defaultdict(list)
        for flag in self.below(table.where):
            for cell in _cells_of(_inside(flag.where, table.where) or "", columns, table):
                found[cell].append(flag)
        return {cell: tuple(flags) for cell, flags in found.items()}

    def in_lines(self, where: str = "") -> Mapping[int, tuple[Flag, ...]]:
        """Flags by line, counted from 1."""
        found: dict[int, list[Flag]] = defaultdict(list)
        for flag in self.below(where):
            if lines := LINES.fullmatch(_inside(flag.where, where) or ""):
                for number in re.findall(r"\d+", lines["lines"]):
                    found[int(number)].append(flag)
        return {line: tuple(flags) for line, flags in found.items()}


def _inside(where: str, prefix: str) -> str | None:
    """The rest of a place that lies in `prefix`, None if it lies elsewhere."""
    if not prefix or where == prefix:
        return where.removeprefix(prefix)
    return where[len(prefix) + 2 :] if where.startswith(f"{prefix}, ") else None


def _cells_of(place: str, columns: Mapping[str, int], table: Table) -> list[Cell]:
    if whole := _columns_of(place, columns):
        return [(HEADER_ROW, column) for column in whole]
    found = CELLS.fullmatch(place)
    if found is None:
        return []
    rows = [HEADER_ROW if word == "header" else int(word) - 1 for word in NUMBER.findall(found["rows"])]
    wanted = _columns_of(found["columns"], columns)
    return [(row, column) for row in rows for column in wanted if row < len(table.rows)]


def _columns_of(place: str, columns: Mapping[str, int]) -> list[int]:
    """ "column people" or "columns year, people"; nothing if one of them is not in the table."""
    if place in columns:
        return [columns[place]]
    if not place.startswith("columns "):
        return []
    names = [f"column {name}" for name in BETWEEN.split(place.removeprefix("columns "))]
    return [columns[name] for name in names] if all(name in columns for name in names) else []
