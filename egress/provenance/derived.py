"""Shares, rates, differences of answered cells. Promise: one formula must explain nearly a whole column (or row) of the
file, so that a number that only happens to be the quotient of two others proves nothing.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from egress.provenance.aligning import Alignment
from egress.provenance.figures import EXACT, compare, scale_of
from egress.provenance.sources import Rows, Source
from egress.provenance.tables import HEADER_ROW, Figure, How, Link, Links, Spot

NEARLY_ALL = 0.8
FEWEST = 2
FEWEST_DIGITS = 4  # of a share that stands alone: there are hundreds of formulas
MOST_MEMBERS = 12  # of a label column whose members are set beside one another
TRIED_FIRST = 5
MOST_MEASURES = 12

#: The rows of the answer that a cell of the file stands for -> the number, None where there is none.
Compute = Callable[[Rows], float | None]


@dataclass(frozen=True)
class Formula:
    """How numbers of a column were made. `is_share`: a quotient, which may have been multiplied by 100."""

    words: str
    is_share: bool
    compute: Compute


def match_derived(alignment: Alignment, spots: dict[Spot, Figure], deadline: float) -> Links:
    """The numbers among `spots` that one formula explains, column by column, then row by row, until the deadline."""
    rows = {spot: standing for spot in spots if (standing := _rows_of(alignment, spot))}
    found: Links = {}
    for by_row in (False, True):
        groups: dict[tuple[int, int], dict[Spot, Figure]] = defaultdict(dict)
        for spot, figure in spots.items():
            if spot in rows and spot not in found:
                groups[spot.row if by_row else spot.column, spot.figure][spot] = figure
        for group in groups.values():
            if time.monotonic() > deadline:
                return found
            shown = tuple(dict.fromkeys(row for spot in group for row in rows[spot]))
            found |= _explain(alignment.source, group, rows, shown)
    return found


def _rows_of(alignment: Alignment, spot: Spot) -> Rows:
    """One row, or the few that differ in one label which the file says nothing of."""
    side = alignment.side_of(spot.row)
    fixed = alignment.fixed_at(spot.row, spot.column)
    if spot.row == HEADER_ROW or spot.column in alignment.key_columns.values() or not fixed or side.is_total:
        return ()
    left_out = [place for place in alignment.source.labels if place not in fixed]
    rows = alignment.source.rows_with(fixed)
    if len(rows) == 1 or (not side.is_strange and len(left_out) == 1 and len(rows) <= MOST_MEMBERS):
        return rows
    return ()


def _explain(source: Source, group: dict[Spot, Figure], rows: dict[Spot, Rows], shown: Rows) -> Links:
    first = dict(list(group.items())[:TRIED_FIRST])
    for formula in _formulas(source, shown, several=any(len(rows[spot]) > 1 for spot in group)):
        if len(_fitting(source, formula, first, rows)) * 2 < len(first):
            continue
        found = _fitting(source, formula, group, rows)
        if len(found) >= NEARLY_ALL * len(group) and _is_telling(found, group):
            return found
    return {}


def _is_telling(found: Links, group: dict[Spot, Figure]) -> bool:
    """Two different numbers, or one share with enough digits, are no accident."""
    figures = [group[spot] for spot in found]
    if len({figure.value for figure in figures}) >= FEWEST:
        return True
    if any(link.how is How.DIFFERENCE for link in found.values()):
        return False
    digits = f"{abs(figures[0].value):.{figures[0].decimals}f}".replace(".", "").lstrip("0")
    return len(digits) >= FEWEST_DIGITS


def _fitting(source: Source, formula: Formula, group: dict[Spot, Figure], rows: dict[Spot, Rows]) -> Links:
    found: Links = {}
    scales: dict[int, Links] = defaultdict(dict)
    for spot, figure in group.items():
        said = formula.compute(rows[spot])
        if said is None:
            continue
        if formula.is_share:
            if scale := scale_of(said, figure):
                words = f"{formula.words}, times {scale:,}" if scale > 1 else formula.words
                scales[scale][spot] = Link(How.RATIO, source.receipt, -1, -1, said * scale, words)
        elif compare(said, figure, 1) == EXACT or (figure.decimals and compare(said, figure, 1)):
            found[spot] = Link(How.DIFFERENCE, source.receipt, -1, -1, said, formula.words)
    return max(scales.values(), key=len) if scales else found


def _formulas(source: Source, shown: Rows, *, several: bool) -> Iterator[Formula]:
    measures = source.measures[:MOST_MEASURES]
    names = {measure: source.answer.columns[measure].name for measure in measures}
    everything = tuple(range(source.answer.rows))
    for one in () if several else measures:
        for rows, words in ((everything, "of all rows"), (shown, "of the rows shown")):
            yield Formula(f"{names[one]}, share {words}", True, _share(source, one, rows))
        for place in source.labels:
            words = f"share within {source.answer.columns[place].name}"
            yield Formula(f"{names[one]}, {words}", True, _share_within(source, one, place))
        for other in measures:
            if other != one:
                sums = source.is_additive(one) and source.is_additive(other)
                yield from _of_two(names[one], names[other], _at(source, one), _at(source, other), sums=sums)
    for one in measures:
        for place, domain in source.domains.items():
            if 1 < len(domain) <= MOST_MEMBERS:
                yield from _along(source, one, place, names[one], several=several)


def _of_two(one: str, other: str, top: Compute, bottom: Compute, *, sums: bool) -> Iterator[Formula]:
    yield Formula(f"{one} / {other}", True, _divided(top, bottom))
    yield Formula(f"{one} - {other}", False, _joined(top, bottom, -1))
    if sums:
        yield Formula(f"{one} + {other}", False, _joined(top, bottom, 1))
    yield Formula(f"change from {other} to {one}", True, _divided(_joined(top, bottom, -1), bottom))


def _along(source: Source, measure: int, place: int, name: str, *, several: bool) -> Iterator[Formula]:
    """One member of a label beside another: a year beside the year before, women beside men."""
    members, sums = sorted(source.domains[place]), source.is_additive(measure)
    for base in members:
        if not several:
            beside = _beside(source, measure, place, base)
            yield from _of_two(name, f"{name} of {base}", _at(source, measure), beside, sums=sums)
            continue
        for other in members:
            if other != base:
                top, bottom = (_among(source, measure, place, member) for member in (other, base))
                yield from _of_two(f"{name} of {other}", f"{name} of {base}", top, bottom, sums=sums)


def _at(source: Source, measure: int) -> Compute:
    return lambda rows: source.numbers[measure][rows[0]] if len(rows) == 1 else None


def _among(source: Source, measure: int, place: int, member: str) -> Compute:
    def compute(rows: Rows) -> float | None:
        found = [row for row in rows if source.labels[place][row] == member]
        return source.numbers[measure][found[0]] if len(found) == 1 else None

    return compute


def _beside(source: Source, measure: int, place: int, member: str) -> Compute:
    """The same row of another member."""

    def compute(rows: Rows) -> float | None:
        if len(rows) != 1 or source.labels[place][rows[0]] == member:
            return None
        labels = {other: texts[rows[0]] for other, texts in source.labels.items()}
        found = source.rows_with({**labels, place: member})
        return source.numbers[measure][found[0]] if len(found) == 1 else None

    return compute


def _share(source: Source, measure: int, of: Rows) -> Compute:
    whole = source.sum_of(measure, of)
    return _divided(_at(source, measure), lambda _: whole)


def _share_within(source: Source, measure: int, place: int) -> Compute:
    sums: dict[str, float] = defaultdict(float)
    for label, number in zip(source.labels[place], source.numbers[measure], strict=True):
        sums[label] += number or 0.0
    return _divided(_at(source, measure), lambda rows: sums[source.labels[place][rows[0]]])


def _divided(top: Compute, bottom: Compute) -> Compute:
    def compute(rows: Rows) -> float | None:
        above, below = top(rows), bottom(rows)
        return above / below if above is not None and below else None

    return compute


def _joined(one: Compute, other: Compute, sign: int) -> Compute:
    def compute(rows: Rows) -> float | None:
        first, second = one(rows), other(rows)
        return first + sign * second if first is not None and second is not None else None

    return compute
