"""The histories of all cuts in memory: each series is read once from the store, afterwards only what is new.

Promise: what a desk reads is whole up to one moment and never changes under its hands. Thread-safe. Memory is bounded:
beyond `MOST_ANCHORS` the series not used for longest are forgotten (and read again when they are asked for); the one in
use stays, however long it is.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from governance.store import Store
from query_guard.differencing.anchors import Anchors, join_anchors
from query_guard.differencing.desk import Desk
from query_guard.differencing.neighbours import grow
from query_guard.differencing.records import NOTHING, Author, SeriesHistory, read_anchors, read_newest

MOST_ANCHORS = 2_000_000  # about 160 bytes each, 190 over contributions


@dataclass(eq=False)
class _Shelf:
    lock: threading.Lock = field(default_factory=threading.Lock)
    held: SeriesHistory = field(default_factory=SeriesHistory)


class Histories:
    """One for each guard process; opens the desks at which answers are settled."""

    def __init__(self, store: Store, most_anchors: int = MOST_ANCHORS) -> None:
        self._store = store
        self._most_anchors = most_anchors
        self._shelves: OrderedDict[tuple[str, str], _Shelf] = OrderedDict()
        self._lock = threading.Lock()
        self._secret = secrets.token_bytes(32)  # see desk.FEWEST_STEPS; a restart draws the limits anew

    def open_desk(self, *, cut: str, threshold: int, subject: str, project: str, day: date) -> Desk:
        """A desk for one question.

        Args:
            cut: SHA-256 that names the data cut (`ProjectData.cut`).
            threshold: fewest people by which two answers may differ. Projects on one cut share the history whatever
                their profiles say; hand over the strictest threshold in use to keep its promise across them.
            subject, project: who asks; both are on record.
            day: of asking, UTC.

        Raises ValueError for an empty cut or a threshold below 1: without them nothing would be protected.
        """
        if not cut or threshold < 1:
            raise ValueError("a desk needs a cut and a threshold")
        return Desk(self._store, self.read, cut, threshold, Author(subject, project, day), self._secret)

    def read(self, cut: str, series: str) -> SeriesHistory:
        """The series as the store has it now. Raises what reading raises; then there must be no answer."""
        with self._lock:
            shelf = self._shelves.setdefault((cut, series), _Shelf())
            self._shelves.move_to_end((cut, series))
        with shelf.lock:
            with self._store.reading() as session:
                shelf.held = _catch_up(session, cut, series, shelf.held)
            held = shelf.held
        self._forget_oldest()
        return held

    def _forget_oldest(self) -> None:
        with self._lock:
            total = sum(len(shelf.held) for shelf in self._shelves.values())
            while total > self._most_anchors and len(self._shelves) > 1:
                _, forgotten = self._shelves.popitem(last=False)
                total -= len(forgotten.held)


def _catch_up(session: Session, cut: str, series: str, held: SeriesHistory) -> SeriesHistory:
    series_id, newest = read_newest(session, cut, series)
    if newest == held.newest:
        return held
    if series_id is None or newest < held.newest:  # another register: it was restored from a backup
        held = SeriesHistory()
    if series_id is None or newest == NOTHING:
        return held
    parts: list[Anchors] = list(read_anchors(session, series_id, held.newest))
    new = join_anchors(parts)
    return SeriesHistory(grow(held.segments, new), int(new.ids[-1]))
