"""Anchors on record: reads them from the store and writes them into the caller's transaction.

Promise: anchors are written only onto exactly the history that their values were settled against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy import Row, func, insert, select
from sqlalchemy.orm import Session

from governance.store.released import SKETCH_BYTES, ReleasedCell, ReleasedSeries
from query_guard.differencing.anchors import Anchors, Places, Sets
from query_guard.differencing.asked import WORDS, Sketches
from query_guard.differencing.neighbours import History
from query_guard.differencing.settling import FIRST_UNWRITTEN

READ_AT_ONCE = 50_000  # rows
NAMED_AT_ONCE = 500  # values in one IN (...)
NOTHING = 0  # the newest id of an empty history


class StaleHistory(Exception):  # noqa: N818  (a state of affairs; the caller settles again)
    """Other answers on the same cut and series were written since these were settled."""


@dataclass(frozen=True)
class SeriesHistory:
    """The anchors of one series on one cut, up to the one with id `newest`."""

    segments: History = ()
    newest: int = NOTHING

    def __len__(self) -> int:
        return sum(map(len, self.segments))


@dataclass(frozen=True)
class Author:
    """Whose question it is: person, project, and the day (UTC) it was asked."""

    subject: str
    project: str
    day: date


def read_newest(session: Session, cut: str, series: str) -> tuple[int | None, int]:
    """The series' id (None if nobody ever asked) and the id of its newest anchor, `NOTHING` if it has none."""
    found = session.scalar(select(ReleasedSeries.id).where(ReleasedSeries.cut == cut, ReleasedSeries.name == series))
    if found is None:
        return None, NOTHING
    newest = session.scalar(select(func.max(ReleasedCell.id)).where(ReleasedCell.series_id == found))
    return found, newest or NOTHING


def read_anchors(session: Session, series_id: int, after: int) -> Iterator[Anchors]:
    """The series' anchors with a larger id than `after`, oldest first, in pieces.

    Raises ValueError if one is not of the documented form.
    """
    cell = ReleasedCell.__table__.c  # plain columns: half the time of mapped ones, which tells at a million rows
    wanted = select(cell.id, cell.sketch, cell.people, cell.contributors, cell.value, cell.chain).order_by(cell.id)
    wanted = wanted.where(cell.series_id == series_id, cell.id > after)
    rows = session.execute(wanted.execution_options(yield_per=READ_AT_ONCE))
    for part in rows.partitions():
        yield _as_anchors(part)


def count_walks(session: Session, author: Author, chains: Places) -> Mapping[int, int]:
    """For each of the chains that this person has come near to on this day without asking for the very set: with how
    many questions."""
    steps = func.count(ReleasedCell.receipt_id.distinct())
    counted: dict[int, int] = {}
    for begin in range(0, len(chains), NAMED_AT_ONCE):
        some = chains[begin : begin + NAMED_AT_ONCE].tolist()
        wanted = select(ReleasedCell.chain, steps).where(
            ReleasedCell.subject == author.subject,
            ReleasedCell.day == author.day,
            ReleasedCell.chain.in_(some),
            ReleasedCell.chain != ReleasedCell.id,
        )
        for chain, number in session.execute(wanted.group_by(ReleasedCell.chain)):
            counted[chain] = number
    return counted


def write_anchors(
    session: Session, cut: str, author: Author, receipt: str, new: Mapping[str, tuple[int, Anchors]]
) -> int:
    """Insert new anchors, series by series; the receipt must be in the session.

    Args:
        session: of `Store.transaction()`, which lets one writer at a time in.
        new: series -> id of the newest anchor its values were settled against, and its new anchors.

    Returns how many were written. Raises StaleHistory if any of the series has a newer anchor.
    """
    known = {series: read_newest(session, cut, series) for series in new}
    if any(known[series][1] != newest for series, (newest, _) in new.items()):
        raise StaleHistory
    session.flush()
    last = session.scalar(select(func.max(ReleasedCell.id))) or NOTHING
    rows: list[dict[str, object]] = []
    for series, (_, anchors) in new.items():
        if len(anchors):
            series_id = known[series][0] or _add_series(session, cut, series)
            rows += _as_rows(anchors, last + len(rows) + 1, series_id, author, receipt)
    if rows:
        session.execute(insert(ReleasedCell), rows)
    return len(rows)


def _add_series(session: Session, cut: str, name: str) -> int:
    row = ReleasedSeries(cut=cut, name=name)
    session.add(row)
    session.flush()
    return row.id


def _as_rows(anchors: Anchors, first: int, series_id: int, author: Author, receipt: str) -> list[dict[str, object]]:
    given = dict(zip(anchors.ids.tolist(), range(first, first + len(anchors)), strict=True))
    pairs = anchors.sets.pairs
    sketches = _as_bytes(anchors.sets.people if pairs is None else pairs)
    people: Sequence[bytes | None] = [None] * len(anchors) if pairs is None else _as_bytes(anchors.sets.people)
    return [
        {
            "id": given[unwritten],
            "series_id": series_id,
            "sketch": sketches[place],
            "people": people[place],
            "contributors": size,
            "value": None if np.isnan(value) else value,
            "chain": chain if chain < FIRST_UNWRITTEN else given[chain],
            "subject": author.subject,
            "project_slug": author.project,
            "day": author.day,
            "receipt_id": receipt,
        }
        for place, (unwritten, size, value, chain) in enumerate(
            zip(
                anchors.ids.tolist(),
                anchors.sets.sizes.tolist(),
                anchors.values.tolist(),
                anchors.chains.tolist(),
                strict=True,
            )
        )
    ]


def _as_anchors(rows: Sequence[Row[int, bytes, bytes | None, int, float | None, int]]) -> Anchors:
    ids, sketches, people, sizes, values, chains = zip(*rows, strict=True)
    own = _as_sketches(sketches)
    over_pairs = people[0] is not None
    if any((one is not None) != over_pairs for one in people):
        raise ValueError("one series is over contributions or it is not")
    known: Places = np.array(sizes, np.int64)
    return Anchors(
        Sets(_as_sketches(people), own, known) if over_pairs else Sets(own, None, known),
        np.array(ids, np.int64),
        np.array([np.nan if value is None else value for value in values], np.float64),
        np.array(chains, np.int64),
    )


def _as_bytes(sketches: Sketches) -> list[bytes]:
    """Shape (4, n) -> n times 32 bytes, little-endian on any machine."""
    whole = np.ascontiguousarray(sketches.T).astype("<u8").tobytes()
    return [whole[begin : begin + SKETCH_BYTES] for begin in range(0, len(whole), SKETCH_BYTES)]


def _as_sketches(parts: Sequence[bytes]) -> Sketches:
    if any(len(part) != SKETCH_BYTES for part in parts):
        raise ValueError("a sketch on record has not 32 bytes")
    read = np.frombuffer(b"".join(parts), "<u8").astype(np.uint64).reshape(-1, WORDS)
    return np.ascontiguousarray(read.T)
