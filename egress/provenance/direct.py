"""Numbers that stand in an answer, or are sums over its rows, under the labels that the file gives them.

Promise: a value is proven only where no label of the file speaks against it; a value alone proves nothing.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from egress.provenance.aligning import Alignment
from egress.provenance.figures import EXACT, common_unit, compare
from egress.provenance.sources import Rows, Source
from egress.provenance.tables import HEADER_ROW, NOWHERE, Figure, FiledTable, How, Link, Links, Spot

MOST_ROWS_TRIED = 100  # answer rows that one cell may stand for
FEWEST_ALIKE = 2

Dropped = tuple[tuple[int, str], ...]  # labels of the answer that the file leaves out, as this cell has them


@dataclass(frozen=True)
class Units:
    """What the numbers of each column, or of a lone row, are multiples of."""

    by_column: dict[tuple[int, int], int]
    by_row: dict[int, int]

    @classmethod
    def of(cls, table: FiledTable) -> Units:
        """Of every column with at least two numbers, else of the row."""
        columns: dict[tuple[int, int], list[Figure]] = defaultdict(list)
        rows: dict[int, list[Figure]] = defaultdict(list)
        for spot, figure in table.spots():
            columns[spot.column, spot.figure].append(figure)
            if spot.row == HEADER_ROW or not table.rows[spot.row][spot.column].is_key:
                rows[spot.row].append(figure)
        several = {place: common_unit(found) for place, found in columns.items() if len(found) >= FEWEST_ALIKE}
        return cls(several, {row: common_unit(found) for row, found in rows.items()})

    def at(self, spot: Spot) -> int:
        """The coarsest rounding to believe in."""
        return self.by_column.get((spot.column, spot.figure), self.by_row.get(spot.row, 1))


def match_direct(alignment: Alignment, units: Units, spots: dict[Spot, Figure], deadline: float) -> Links:
    """The numbers that go back to this answer; none once the deadline has passed."""
    found: Links = {}
    dropped: dict[Spot, dict[Dropped, Link]] = {}
    keys = set(alignment.key_columns.values())
    for spot, figure in spots.items():
        if time.monotonic() > deadline:
            return {}
        if spot.column in keys and spot.row != HEADER_ROW:
            if _is_known_label(alignment, spot):
                found[spot] = Link(How.LABEL, alignment.source.receipt)
            continue
        link, choices = _look(alignment, spot, figure, units.at(spot))
        if link.how is not How.NONE:
            found[spot] = link
        if choices:
            dropped[spot] = choices
    for spot, link in _same_for_all(alignment.source, dropped):
        if link.how.is_proven or spot not in found:
            found[spot] = link
    _add_totals_of_shown(alignment, units, spots, found)
    return found


def _is_known_label(alignment: Alignment, spot: Spot) -> bool:
    return any(
        place in alignment.rows[spot.row].fixed for place, j in alignment.key_columns.items() if j == spot.column
    )


def _look(alignment: Alignment, spot: Spot, figure: Figure, unit: int) -> tuple[Link, dict[Dropped, Link]]:
    """What the labels allow; and, where the file leaves labels of the answer out, one choice for each of theirs."""
    source, row, column = alignment.source, alignment.side_of(spot.row), alignment.columns[spot.column]
    fixed = alignment.fixed_at(spot.row, spot.column)
    totals = (row.totals | column.totals) - set(fixed)
    left_out = [place for place in source.labels if place not in fixed and place not in totals]
    measures = column.measures or row.measures or source.measures
    rows = source.rows_with(fixed)
    if totals:
        return _look_for_total(source, figure, unit, measures, rows, totals), {}
    if row.is_strange and (left_out or not fixed):
        return NOWHERE, {}
    if not fixed and any(len(domain) > 1 for domain in source.domains.values()):
        return NOWHERE, {}
    hits = list(_hits(source, figure, unit, measures, rows))
    if not fixed:
        named = bool(column.measures or row.measures)
        return (hits[0] if hits and named else NOWHERE), {}
    if hits and (len(rows) == 1 or not left_out):
        return hits[0], {}
    choices: dict[Dropped, Link] = {}
    for hit in () if alignment.in_headers & set(left_out) else hits:  # other columns say which, so this one is of none
        choices.setdefault(tuple((place, source.labels[place][hit.row]) for place in left_out), hit)
    return _sum(source, figure, unit, measures, rows), choices


def _hits(source: Source, figure: Figure, unit: int, measures: tuple[int, ...], rows: Rows) -> Iterator[Link]:
    found = []
    for row in rows[:MOST_ROWS_TRIED]:
        for measure in measures:
            said = source.numbers[measure][row]
            if said is not None and (words := compare(said, figure, unit)):
                how = How.EXACT if words == EXACT else How.ROUNDED
                sketch = source.sketch_behind(row, measure)
                found.append(Link(how, source.receipt, row, measure, said, "" if how is How.EXACT else words, sketch))
    yield from sorted(found, key=lambda link: link.how is How.ROUNDED)


def _look_for_total(
    source: Source, figure: Figure, unit: int, measures: tuple[int, ...], rows: Rows, totals: set[int]
) -> Link:
    """A row of totals of the answer itself, else the sum of its rows."""
    own = tuple(row for row in rows if all(not source.labels[place][row] for place in totals))
    found = next(_hits(source, figure, unit, measures, own), None)
    parts = tuple(row for row in rows if row not in own) if own else rows
    return found or _sum(source, figure, unit, measures, parts)


def _sum(source: Source, figure: Figure, unit: int, measures: tuple[int, ...], rows: Rows) -> Link:
    for measure in measures:
        if len(rows) > 1 and source.is_additive(measure):
            said = source.sum_of(measure, rows)
            if words := compare(said, figure, unit):
                more = "" if words == EXACT else f", {words}"
                return Link(How.TOTAL, source.receipt, -1, measure, said, f"sum of {len(rows)} rows{more}")
    return NOWHERE


def _same_for_all(source: Source, dropped: dict[Spot, dict[Dropped, Link]]) -> Iterator[tuple[Spot, Link]]:
    """A file may be of one year and not say which; it is of the same year in every cell, or labels were changed."""
    votes = Counter(labels for choices in dropped.values() for labels in choices)
    if not votes:
        return
    best = max(votes, key=lambda labels: (votes[labels], labels))
    agreed = 2 * votes[best] > len(dropped)
    where = ", ".join(f"{source.answer.columns[place].name} = {label or '(none)'}" for place, label in best)
    for spot, choices in dropped.items():
        if agreed and best in choices:
            link = choices[best]
            yield spot, link._replace(words=", ".join(filter(None, (link.words, f"where {where}"))))
        else:
            link = next(iter(choices.values()))
            yield spot, link._replace(how=How.VALUE_ONLY, words="labels do not fit", sketch=b"")


def _add_totals_of_shown(alignment: Alignment, units: Units, spots: dict[Spot, Figure], found: Links) -> None:
    """A total row, or a total column, of what the file itself shows of one measure."""
    source = alignment.source
    shown: dict[tuple[str, int, int, int], set[tuple[int, int]]] = defaultdict(set)
    for spot, link in found.items():
        if link.how in (How.EXACT, How.ROUNDED) and source.is_additive(link.column):
            shown["column", spot.column, spot.figure, link.column].add((link.row, link.column))
            shown["row", spot.row, spot.figure, link.column].add((link.row, link.column))
    for spot, figure in spots.items():
        if spot in found and found[spot].how.is_proven:
            continue
        for measure in source.measures:
            for way, place, is_total in (
                ("column", spot.column, alignment.side_of(spot.row).is_total),
                ("row", spot.row, alignment.columns[spot.column].is_total),
            ):
                cells = shown.get((way, place, spot.figure, measure), set()) if is_total else set()
                said = source.sum_of(measure, tuple(row for row, _ in cells))
                if len(cells) > 1 and compare(said, figure, units.at(spot)):
                    found[spot] = Link(How.TOTAL, source.receipt, -1, measure, said, f"sum of {len(cells)} cells shown")


def match_by_value(source: Source, figure: Figure) -> Link:
    """The weakest evidence: the number stands somewhere in the answer."""
    row, column = source.by_value.get(figure.value, (-1, -1))
    if row < 0:
        return NOWHERE
    return Link(How.VALUE_ONLY, source.receipt, row, column, figure.value, "labels do not fit")
