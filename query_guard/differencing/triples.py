"""Searches the history for three answers that together single people out, which the rule for pairs cannot stop.

A tracker of three sets (Denning 1979) makes everybody cancel out but a few: the sets of A and B together are about the
set of C. Then the sketches of all three, xor-ed, have fewer than `threshold` bits set. Found ones are an alarm for a
person to look at; nothing is refused because of them.

Only cells that were given their own value take part: a hidden one told nothing, one that was given an earlier set's
value told nothing of its own set. So no two of them are near.

Bound: every pair of a new cell with any other is looked up among all, so the work grows with new cells x cells. No more
than `MOST_CELLS` of the newest cells take part and the search ends after the given seconds; the report says if either
cut it short. Measured on one processor among 20,000 cells: 0.1 s for each new cell, up to 1.4 s if all are of 10-25
people.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event
from governance.store import Store
from governance.store.released import ReleasedCell, ReleasedSeries
from query_guard.differencing.anchors import UNKNOWN_SIZE, Places, Sets
from query_guard.differencing.neighbours import History, grow
from query_guard.differencing.records import read_anchors, read_newest
from query_guard.differencing.segment import count_bits

PEOPLE_SERIES = "people"
MOST_CELLS = 20_000
MOST_TRIPLES = 1_000  # remembered; further ones are only counted
NAMED_IN_EVENT = 50
#: A sum that comes out exactly, over three questions, isolates nobody and is everyday work (women, men, all). So many
#: of them look like somebody trying whether it does.
EXACT_FOR_ALARM = 20

Found = tuple[int, int, int]  # ids of three cells, ascending


@dataclass(frozen=True)
class Triple:
    """Three answers whose sets nearly cancel out: the ids of their receipts, who asked, and in how many bits they
    differ (0: the sets add up exactly)."""

    receipts: tuple[str, ...]
    subjects: tuple[str, ...]
    distance: int


@dataclass(frozen=True)
class TripleReport:
    """What a search found on one cut. `near` and `exact` count all triples, `triples` names the first, exact ones last;
    `complete` is False if the search was cut short."""

    cut: str
    cells: int
    near: int
    exact: int
    complete: bool
    triples: tuple[Triple, ...]

    @property
    def is_alarming(self) -> bool:
        """Whether a person should look."""
        return self.near > 0 or self.exact >= EXACT_FOR_ALARM


def search_triples(
    store: Store, cut: str, *, threshold: int, actor: str, since: date | None = None, seconds: float = 600.0
) -> TripleReport:
    """Search one cut's counts of people; writes the audit event `query.alarm` (code `triple-found`) if it finds any.

    Args:
        threshold: fewest people by which answers may differ.
        actor: whom the event names, e.g. `service:triples`.
        since: only triples with an answer of this day or later; None: all.
        seconds: after which the search ends with what it has.

    Natural sums are left out: three cells of one answer (a table and its margin), and exact sums in which two cells are
    of one answer (a table, its margin asked for separately).
    """
    deadline = time.monotonic() + seconds
    with store.reading() as session:
        history, ids = _read_cells(session, cut)
        facts = _read_facts(session, cut, ids)
    complete = len(ids) <= MOST_CELLS
    ids = ids[-MOST_CELLS:]
    search = _Search(history, ids, threshold)
    found: dict[Found, int] = {}
    for place in reversed(range(len(ids))):  # the newest first: they are what a search cut short must have seen
        if time.monotonic() > deadline:
            complete = False
            break
        if since is None or facts[int(ids[place])].day >= since:
            found |= search.through(place)
    report = _report(cut, len(ids), complete, found, facts)
    if report.is_alarming:
        _raise_alarm(store, report, actor)
    return report


def read_cuts(store: Store) -> list[str]:
    """Every cut that has a history."""
    with store.reading() as session:
        return list(session.scalars(select(ReleasedSeries.cut).distinct().order_by(ReleasedSeries.cut)))


class _Search:
    """Cells by place, in the order of their ids."""

    def __init__(self, history: History, ids: Places, threshold: int) -> None:
        self._ids = ids
        self._threshold = threshold
        self._history = history
        self._people = _sketches_of(history, ids)

    def through(self, one: int) -> dict[Found, int]:
        """All triples with this cell, and in how many bits they differ."""
        mine = self._people[:, one, None]
        far = np.flatnonzero(count_bits(self._people ^ mine) >= self._threshold)
        asked = self._people[:, far] ^ mine
        found: dict[Found, int] = {}
        unsized = np.full(len(far), UNKNOWN_SIZE)
        for segment in self._history:
            for near in segment.search(Sets(np.ascontiguousarray(asked), None, unsized), self._threshold):
                others, thirds = far[near.asked], np.searchsorted(self._ids, segment.anchors.ids[near.place])
                thirds = np.minimum(thirds, len(self._ids) - 1)
                is_known = self._ids[thirds] == segment.anchors.ids[near.place]
                apart = is_known & (others < thirds) & self._are_apart(others, thirds) & self._are_apart(one, thirds)
                for other, third, distance in zip(others[apart], thirds[apart], near.distance[apart], strict=True):
                    first, second, last = sorted(int(self._ids[place]) for place in (one, other, third))
                    found[first, second, last] = int(distance)
        return found

    def _are_apart(self, one: Places | int, other: Places) -> NDArray[np.bool_]:
        return count_bits(self._people[:, np.atleast_1d(one)] ^ self._people[:, other]) >= self._threshold


@dataclass(frozen=True)
class _Fact:
    receipt: str
    subject: str
    day: date


def _read_cells(session: Session, cut: str) -> tuple[History, Places]:
    """The counts of people of a cut that were published with a value of their own, searchable; their ids, ascending."""
    series_id, _ = read_newest(session, cut, PEOPLE_SERIES)
    history: History = ()
    ids: list[Places] = []
    for anchors in read_anchors(session, series_id, 0) if series_id is not None else ():
        published = anchors.take(np.flatnonzero(~np.isnan(anchors.values) & (anchors.chains == anchors.ids)))
        history = grow(history, published)
        ids.append(published.ids)
    return history, np.concatenate(ids) if ids else np.empty(0, np.int64)


def _read_facts(session: Session, cut: str, ids: Places) -> dict[int, _Fact]:
    first = int(ids[-MOST_CELLS:][0]) if len(ids) else 0
    columns = (ReleasedCell.id, ReleasedCell.receipt_id, ReleasedCell.subject, ReleasedCell.day)
    series = ReleasedCell.series_id == read_newest(session, cut, PEOPLE_SERIES)[0]
    wanted = select(*columns).where(series, ReleasedCell.id >= first)
    return {number: _Fact(receipt, subject, day) for number, receipt, subject, day in session.execute(wanted)}


def _sketches_of(history: History, ids: Places) -> NDArray[np.uint64]:
    """Shape (4, n): of the cells with these ids, in their order."""
    sketches = np.empty((4, len(ids)), np.uint64)
    for segment in history:
        places = np.searchsorted(ids, segment.anchors.ids)
        held = np.flatnonzero(np.isin(segment.anchors.ids, ids))
        sketches[:, places[held]] = segment.anchors.sets.people[:, held]
    return sketches


def _report(
    cut: str, cells: int, complete: bool, found: Mapping[Found, int], facts: Mapping[int, _Fact]
) -> TripleReport:
    kept = list(_without_natural(found, facts))
    near = sum(triple.distance > 0 for triple in kept)
    named = sorted(kept, key=lambda triple: -triple.distance)[:MOST_TRIPLES]
    return TripleReport(cut, cells, near, len(kept) - near, complete, tuple(named))


def _without_natural(found: Mapping[Found, int], facts: Mapping[int, _Fact]) -> Iterator[Triple]:
    for cells, distance in sorted(found.items()):
        receipts = tuple(facts[cell].receipt for cell in cells)
        if len(set(receipts)) > (1 if distance else 2):
            yield Triple(receipts, tuple(facts[cell].subject for cell in cells), distance)


def _raise_alarm(store: Store, report: TripleReport, actor: str) -> None:
    named = report.triples[:NAMED_IN_EVENT]
    detail: Detail = {
        "code": "triple-found",
        "cut": report.cut,
        "near": report.near,
        "exact": report.exact,
        "complete": report.complete,
        "receipts": ";".join("+".join(triple.receipts) for triple in named),
        "subjects": ",".join(sorted({subject for triple in named for subject in triple.subjects})),
    }
    with store.transaction() as session:
        append_event(session, event="query.alarm", actor=actor, detail=detail)
