"""Does several pieces of a landing's work at the same time, each over a cursor of its own of the one engine.

Promise: the answers come in the order of the pieces, whichever ended first; the first piece that fails (or Ctrl-C)
stops all others and is what is raised; when the call ends, however it ends, nothing of it runs any more.

A single statement of the engine leaves cores idle: a delivered file has few row groups, and the work between two
statements has none. Temporary tables belong to one cursor; what pieces share is an ordinary table of the engine.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import TypeVar

import duckdb

from intake.progress import Progress

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")
MOST = 4  # at once: each holds row groups of what it writes in memory
ASK_AGAIN = 0.1  # seconds until a piece that began meanwhile is stopped too


def side_by_side(
    connection: duckdb.DuckDBPyConnection,
    work: Callable[[duckdb.DuckDBPyConnection, Piece, Progress], Answer],
    pieces: Sequence[Piece],
    progress: Progress,
) -> list[Answer]:
    """`work` of every piece. Raises whatever the first that failed raised."""
    turns = _Turns(progress)
    running: list[duckdb.DuckDBPyConnection] = []

    def do(place: int, piece: Piece) -> Answer:
        with connection.cursor() as own:
            running.append(own)
            try:
                return work(own, piece, turns.of(place))
            finally:
                running.remove(own)
                turns.over(place)

    with ThreadPoolExecutor(min(MOST, os.cpu_count() or 1)) as pool:
        futures = [pool.submit(do, place, piece) for place, piece in enumerate(pieces)]
        with _stopped_on_failure(futures, running):
            wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                if future.done():
                    future.result()  # raises what it raised, before one that is still at work is waited for
            return [future.result() for future in futures]


@contextmanager
def _stopped_on_failure(
    futures: Sequence[Future[Answer]], running: Sequence[duckdb.DuckDBPyConnection]
) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for future in futures:
            future.cancel()
        while not all(future.done() for future in futures):
            for cursor in tuple(running):
                with suppress(duckdb.Error):  # it has just ended
                    cursor.interrupt()
            wait(futures, timeout=ASK_AGAIN)
        raise


class _Turns:
    """Of several pieces one speaks, the first that is not over, so that who watches sees one thing at a time."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._over, self._lock = progress, set[int](), threading.Lock()

    def of(self, place: int) -> Progress:
        def tell(what: str, done: int, total: int) -> None:
            with self._lock:
                if self._over >= set(range(place)):
                    self._progress(what, done, total)

        return tell

    def over(self, place: int) -> None:
        with self._lock:
            self._over.add(place)
