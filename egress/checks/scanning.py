"""Searches a whole document for one kind of identifier and names the places, grouped by column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from egress.findings import Severity
from egress.inspection.document import Document, Passage, Table, within
from egress.inspection.places import HEADER_ROW, place_of

MOST_PLACES = 20
LINES_NAMED = 5
MOST_LINES = 100  # places of one severity in one passage; the rest would say the same
Judge = Callable[[str, str], Severity | None]


@dataclass(frozen=True)
class Search:
    """What to look for.

    Attributes:
        quick: matches every text that could hold one; run first, over the different cells of a column.
        shortest: characters of the shortest text that could hold one.
        in_cell: judges one cell, given its column's header.
        in_line: judges one line of running text, given itself as context.
    """

    quick: re.Pattern[str]
    shortest: int
    in_cell: Judge
    in_line: Judge


def search(document: Document, wanted: Search) -> Iterator[tuple[Severity, str]]:
    """Each place with its severity, at most MOST_PLACES of them."""
    found = [place for table in document.tables for place in _search_table(table, wanted)]
    worst = max((severity.rank for severity, _ in found), default=-1)
    for passage in document.passages:
        for severity, place in _search_passage(passage, wanted):
            if not passage.lined or severity.rank > worst:  # lines of a table would name the same cells again
                found.append((severity, place))
    yield from sorted(found, key=lambda place: -place[0].rank)[:MOST_PLACES]


def _search_table(table: Table, wanted: Search) -> Iterator[tuple[Severity, str]]:
    for index, label in enumerate(table.header):
        cells = table.column(index)
        hits: dict[Severity, list[int]] = {}
        if wanted.quick.search(label) and (severity := wanted.in_cell(label, "")):
            hits.setdefault(severity, []).append(HEADER_ROW)
        different = table.different(index) if table.longest(index) >= wanted.shortest else ()
        if wanted.quick.search("\n".join(different)):
            judged = {cell: wanted.in_cell(cell, label) for cell in filter(wanted.quick.search, different)}
            for row, cell in enumerate(cells):
                if severity := judged.get(cell):
                    hits.setdefault(severity, []).append(row)
        for severity, rows in hits.items():
            yield severity, place_of(table, rows, index)


def _search_passage(passage: Passage, wanted: Search) -> Iterator[tuple[Severity, str]]:
    hits: dict[Severity, list[int]] = {}
    for number, line in lines_with(wanted.quick, passage.text):
        if severity := wanted.in_line(line, line):
            hits.setdefault(severity, []).append(number)
            if len(hits[severity]) >= MOST_LINES:
                break
    for severity, lines in hits.items():
        yield severity, within(passage.where, _lines_named(lines)) if passage.lined else passage.where or "the text"


def lines_with(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    """Lines in which a pattern matches, with their numbers from 1; quick on megabytes without a match."""
    number, counted_to = 1, 0
    at = 0
    while (found := pattern.search(text, at)) is not None:
        start = text.rfind("\n", 0, found.start()) + 1
        end = text.find("\n", found.end())
        end = len(text) if end < 0 else end
        number += text.count("\n", counted_to, start)
        counted_to = start
        yield number, text[start:end]
        at = end + 1


def _lines_named(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:LINES_NAMED]))
    more = f" and {len(lines) - LINES_NAMED} more" if len(lines) > LINES_NAMED else ""
    return f"{'line' if len(lines) == 1 else 'lines'} {shown}{more}"
