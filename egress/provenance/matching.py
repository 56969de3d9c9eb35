"""One table of a file beside the answers of its project: each number's best link, found answer by answer.

Promise: it ends in bounded time, and a number it did not get to is unmatched.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from egress.provenance.aligning import Alignment, align
from egress.provenance.derived import match_derived
from egress.provenance.direct import Units, match_by_value, match_direct
from egress.provenance.sources import Source
from egress.provenance.tables import NOWHERE, Figure, FiledTable, How, Links, Spot
from egress.provenance.wording import normal, runs_of

MOST_SOURCES = 30  # answers looked at closely for one table
MOST_FIGURES = 20_000
RANKS = {how: rank for rank, how in enumerate(How)}


def match_table(table: FiledTable, sources: Sequence[Source], deadline: float) -> Links:
    """A link for every number of the table (HOW NONE: it comes from nowhere). `deadline`: of time.monotonic()."""
    spots = dict(table.spots())
    found: Links = dict.fromkeys(spots, NOWHERE)
    if len(spots) > MOST_FIGURES:
        return found
    units, aligned = Units.of(table), []
    for source in _nearest(table, spots, sources):
        if time.monotonic() > deadline:
            return found
        alignment = align(table, source)
        aligned.append(alignment)
        _take_better(found, match_direct(alignment, units, spots, deadline))
    _derive(found, spots, aligned, deadline)
    for spot, figure in spots.items():
        if found[spot].how is How.NONE:
            hits = (match_by_value(alignment.source, figure) for alignment in aligned)
            found[spot] = next((hit for hit in hits if hit.how is not How.NONE), NOWHERE)
    return found


def _derive(found: Links, spots: dict[Spot, Figure], aligned: Sequence[Alignment], deadline: float) -> None:
    for alignment in aligned:
        left = {spot: figure for spot, figure in spots.items() if not found[spot].how.is_proven}
        if not left or time.monotonic() > deadline:
            return
        _take_better(found, match_derived(alignment, left, deadline))


def _take_better(found: Links, offered: Links) -> None:
    for spot, link in offered.items():
        if RANKS[link.how] < RANKS[found[spot].how] or (
            link.how is found[spot].how and link.sketch > found[spot].sketch
        ):
            found[spot] = link


def _nearest(table: FiledTable, spots: dict[Spot, Figure], sources: Sequence[Source]) -> list[Source]:
    """The answers that share most numbers and words with the table; among equals the newer one (it comes first)."""
    values = {figure.value for figure in spots.values()}
    words = {run for cell in table.header for run in runs_of(normal(cell.text))}
    words |= {normal(cell.text) for row in table.rows for cell in row if cell.is_key or not cell.figures}
    scored = [(len(values & source.by_value.keys()) + len(words & source.words), source) for source in sources]
    near = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])
    return [source for _, source in near[:MOST_SOURCES]]
