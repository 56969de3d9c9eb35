"""Lays a file's table over one answer: which labels of the answer each row and each column of the table names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from egress.provenance.sources import Labels, Source
from egress.provenance.tables import HEADER_ROW, FiledTable
from egress.provenance.wording import is_total, normal, runs_of

MOSTLY = 0.5  # of a column's labels must be the answer's


@dataclass
class Side:
    """What one row, or one column, says: labels of the answer, label columns taken together, measures it names; and
    whether it says something of its own that the answer does not know."""

    fixed: dict[int, str] = field(default_factory=dict)
    totals: set[int] = field(default_factory=set)
    measures: tuple[int, ...] = ()
    is_total: bool = False
    is_strange: bool = False


@dataclass(frozen=True)
class Alignment:
    """A table over an answer. `key_columns`: columns of the table that hold labels of the answer, not results."""

    table: FiledTable
    source: Source
    key_columns: dict[int, int]  # label column of the answer -> column of the table
    rows: tuple[Side, ...]
    columns: tuple[Side, ...]

    @cached_property
    def in_headers(self) -> set[int]:
        """Labels of the answer that some header names."""
        return {place for side in self.columns for place in side.fixed}

    def side_of(self, row: int) -> Side:
        """Of a row; a header stands for no row."""
        return Side() if row == HEADER_ROW else self.rows[row]

    def fixed_at(self, row: int, column: int) -> Labels:
        """The labels that a cell stands under."""
        return {**self.columns[column].fixed, **self.side_of(row).fixed}


def align(table: FiledTable, source: Source) -> Alignment:
    """Find the label columns first; what they leave open may stand in headers, or in other words of the row."""
    keys = _key_columns(table, source)
    open_labels = [place for place in source.labels if place not in keys]
    columns = tuple(_read(normal(cell.text), source, open_labels) for cell in table.header)
    ends = {place for side in columns for place in side.fixed}
    speaking = _speaking(table, set(keys.values()))
    rows = tuple(_read_row(row, table, source, keys, speaking, ends) for row in range(len(table.rows)))
    return Alignment(table, source, keys, rows, columns)


def _key_columns(table: FiledTable, source: Source) -> dict[int, int]:
    """Each label column of the answer gets the column of the table that holds most of its labels."""
    first_number = next((j for j in range(len(table.header)) if _is_results(table, j)), len(table.header))
    scored: list[tuple[bool, float, int, int]] = []
    for j, head in enumerate(table.header):
        texts = [text for row in table.rows if (text := normal(row[j].text))]
        for place, domain in source.domains.items():
            named = normal(head.text) == source.names[place]
            share = sum(text in domain or is_total(text) for text in texts) / len(texts) if texts else 0.0
            may = named or not _is_results(table, j) or (j == first_number and share == 1.0 and len(set(texts)) > 1)
            if may and share >= MOSTLY and any(text in domain for text in texts):
                scored.append((named, share, -j, place))
    keys: dict[int, int] = {}
    for _, _, j, place in sorted(scored, reverse=True):
        if place not in keys and -j not in keys.values():
            keys[place] = -j
    return keys


def _is_results(table: FiledTable, column: int) -> bool:
    return any(row[column].figures and not row[column].is_key for row in table.rows)


def _speaking(table: FiledTable, keys: set[int]) -> list[tuple[int, bool]]:
    """Other columns of words, and whether they tell rows apart: one that says the same everywhere is no stranger."""
    return [
        (j, len({normal(row[j].text) for row in table.rows}) > 1)
        for j in range(len(table.header))
        if j not in keys and not any(row[j].figures for row in table.rows)
    ]


def _read_row(
    row: int,
    table: FiledTable,
    source: Source,
    keys: dict[int, int],
    speaking: Iterable[tuple[int, bool]],
    ends: set[int],
) -> Side:
    side = Side()
    for place, j in keys.items():
        label = normal(table.rows[row][j].text)
        if label in source.domains[place] and not (is_total(label) and "" in source.domains[place]):
            side.fixed[place] = label
        elif is_total(label) or not label:
            side.totals.add(place)
            side.is_total = True
        else:
            side.is_strange = True
    open_labels = [place for place in source.labels if place not in keys and place not in ends]
    for j, tells_apart in speaking:
        said = _read(normal(table.rows[row][j].text), source, open_labels)
        side.fixed |= said.fixed
        side.measures += said.measures
        side.is_total |= said.is_total
        side.is_strange |= tells_apart and said.is_strange
    if side.is_total:
        side.totals |= set(source.labels) - set(side.fixed) - ends
    return side


def _read(label: str, source: Source, open_labels: Iterable[int]) -> Side:
    """The words of a header, or of a label that stands for several of the answer."""
    runs = runs_of(label)
    fixed = {
        place: found
        for place in open_labels
        if (found := next((run for run in runs if run in source.domains[place]), ""))
    }
    named = next((source.by_name[run] for run in runs if run in source.by_name), ())
    total = is_total(label) and not fixed
    return Side(fixed, set(open_labels) if total else set(), named, total, not (fixed or named or total))
