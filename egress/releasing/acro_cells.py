"""Turns a finding's place into ACRO's cells: pairs of row and column, counted from 0 without the header and the column
of labels, as SACRO's viewer marks them.

Promise: only what a place names for certain becomes a cell; a wrong mark would be worse than none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

ROWS = re.compile(r"(?:^|, |: )rows? (\d+(?:, \d+)*(?: and \d+\b(?! more))?)")
COLUMN = re.compile(r"column (.+)$")
LONGEST_HEADER = 64 * 1024


def read_header(content: bytes) -> tuple[str, ...]:
    """The first line of a delimited text; empty if it is none that we read the same everywhere (UTF-8, commas)."""
    try:
        line = content[:LONGEST_HEADER].decode("utf-8-sig", errors="strict").splitlines()[0]
        return tuple(next(csv.reader([line])))
    except (UnicodeDecodeError, IndexError, StopIteration, csv.Error):
        return ()


def cells_of(where: str, header: Sequence[str]) -> list[tuple[int, int]]:
    """The cells that a place such as `rows 3 and 7, column n_deaths` names."""
    rows, column = ROWS.search(where), COLUMN.search(where)
    if rows is None or column is None:
        return []
    place = _find_column(column[1], header)
    numbers = [int(number) for number in re.findall(r"\d+", rows[1])]
    return [(number - 1, place - 1) for number in numbers if place > 0 and number > 0]


def _find_column(name: str, header: Sequence[str]) -> int:
    """Its index in the header, by name if only one is called so, else by number from 1; 0 (the labels) if unknown."""
    same = [index for index, label in enumerate(header) if label.strip() == name]
    if len(same) == 1:
        return same[0]
    known = name.isascii() and name.isdigit() and not same and 1 <= int(name) <= len(header)
    return int(name) - 1 if known else 0
