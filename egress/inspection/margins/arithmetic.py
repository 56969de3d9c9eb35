"""Finds sums that no word tells of: a column that is the sum of its neighbours wherever nothing is hidden.

Believed only after several instances, since small rounded numbers add up by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice

from egress.inspection.margins.facts import CountTable
from egress.inspection.margins.sums import FEWEST_PARTS, Family, Rounding, Sum, verdict

FEWEST_HOLDING = 3
MOST_LINES = 24  # columns (or rows) searched; wider tables are told by their words
SEARCHED_WHOLE = 8  # up to so many, every two and three are tried
MOST_PROBED = 60  # instances looked at before a sum is believed of all


def sums_by_arithmetic(table: CountTable, rounding: Rounding) -> list[Sum]:
    """Sums between columns that hold in at least three rows, and between rows that hold in at least three columns."""
    found: list[Sum] = []
    for along_rows in (True, False):
        lines = _lines(table, along_rows=along_rows)
        if FEWEST_PARTS < len(lines) <= MOST_LINES:
            found += _sums_between(lines, table, rounding)
    return found


def _lines(table: CountTable, *, along_rows: bool) -> list[dict[int, int]]:
    """Positions of the facts of each column by row, or of each row by column."""
    lines: dict[int, dict[int, int]] = defaultdict(dict)
    for position, fact in enumerate(table.facts):
        if fact.row >= 0:
            line, place = (fact.column, fact.row) if along_rows else (fact.row, fact.column)
            lines[line][place] = position
    return [lines[line] for line in sorted(lines)]


def _sums_between(lines: Sequence[dict[int, int]], table: CountTable, rounding: Rounding) -> list[Sum]:
    found: list[Sum] = []
    hides = [any(table.facts[at].mark for at in line.values()) for line in lines]
    for whole, parts in _candidates(len(lines)):
        if not any(hides[line] for line in (whole, *parts)):
            continue
        probed = _family(lines, whole, parts, islice(lines[whole], MOST_PROBED))
        holds, breaks = verdict(probed, table.facts, rounding)
        if holds >= FEWEST_HOLDING and not breaks:
            found += _family(lines, whole, parts, lines[whole])
    return found


def _family(lines: Sequence[dict[int, int]], whole: int, parts: Sequence[int], places: Iterable[int]) -> Family:
    return [
        Sum(lines[whole][place], tuple(lines[part][place] for part in parts))
        for place in places
        if all(place in lines[part] for part in parts)
    ]


def _candidates(lines: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(whole, parts): all others, the run just before or after it, and in narrow tables any two or three."""
    for whole in range(lines):
        others = [line for line in range(lines) if line != whole]
        tried: set[tuple[int, ...]] = set()
        for parts in _parts_of(whole, lines, others):
            if len(parts) >= FEWEST_PARTS and parts not in tried:
                tried.add(parts)
                yield whole, parts


def _parts_of(whole: int, lines: int, others: Sequence[int]) -> Iterable[tuple[int, ...]]:
    yield tuple(others)
    for start in range(whole - 1):
        yield tuple(range(start, whole))
    for end in range(whole + 3, lines + 1):
        yield tuple(range(whole + 1, end))
    if lines <= SEARCHED_WHOLE:
        for size in (2, 3):
            yield from combinations(others, size)
