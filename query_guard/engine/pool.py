"""Keeps warm workers, at most so many, each for one extract for its whole life.

Promise: no process ever serves two extracts, a worker that was killed or may be damaged never serves again, and closing
the pool ends every child.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.extracts import ProjectData
from governance.refusal import Refusal
from query_guard.engine.fingerprint import DAMAGED, FingerprintBook
from query_guard.engine.limits import EngineLimits
from query_guard.engine.process import START_SECONDS, EngineFailure, EngineProcess

MOST_WORKERS = 16
#: After these the process is in a state we did not choose.
SPOILING = frozenset({"killed", "fatal", "memory"})


@dataclass(frozen=True)
class EngineKey:
    """Which extract a worker belongs to; `database` is None for its companion without data."""

    sha256: str
    database: Path | None

    @classmethod
    def with_data(cls, data: ProjectData) -> EngineKey:
        """The engine that reads this extract."""
        return cls(data.sha256, data.database)

    @classmethod
    def without_data(cls, data: ProjectData) -> EngineKey:
        """The engine that only ever sees protected values of this extract."""
        return cls(data.sha256, None)


class EnginePool:
    """Thread-safe. Starting a worker holds no lock, so it delays nobody but the one who asked."""

    def __init__(self, limits: EngineLimits, most: int = MOST_WORKERS, patience: float | None = None) -> None:
        """`most`: workers at once. `patience`: longest wait for one, in seconds; by default a start and a query."""
        self.limits = limits
        self._patience = START_SECONDS + limits.seconds if patience is None else patience
        self._most = most
        self._idle: list[tuple[EngineKey, EngineProcess]] = []  # least recently used first
        self._places = 0  # workers that exist or are being started
        self._coming: set[EngineKey] = set()  # being prepared in the background; who needs one waits for it
        self._closed = False
        self._changed = threading.Condition()
        self._fingerprints = FingerprintBook()
        # A confined child dies with the thread that made it, so one thread that lives as long as the pool makes all.
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="engine-maker")
        self._warmers = ThreadPoolExecutor(2, thread_name_prefix="engine-warmer")

    @contextmanager
    def borrow(self, key: EngineKey) -> Iterator[EngineProcess]:
        """A ready worker for this key, warm if there is one; back in the pool, or replaced, afterwards.

        Raises Refusal `engine-unavailable`, `extract-damaged`, `busy`.
        """
        worker = self._take(key)
        if worker is None:
            worker = self._start(key)
        spoiled = True
        try:
            yield worker
            spoiled = False
        except EngineFailure as failure:
            spoiled = failure.kind in SPOILING
            raise
        finally:
            self._give_back(key, worker, spoiled)

    def warm(self, data: ProjectData) -> None:
        """Prepare both workers of an extract in the background. Never evicts, never fails: it is only a convenience."""
        for key in (EngineKey.with_data(data), EngineKey.without_data(data)):
            self._prepare(key)

    @property
    def held(self) -> frozenset[str]:
        """Keys' words of the workers that wait for work, for doctors and tests."""
        with self._changed:
            return frozenset(f"{key.sha256}{'' if key.database is None else ' with data'}" for key, _ in self._idle)

    def keep_only(self, sha256s: Collection[str]) -> None:
        """End idle workers of all other extracts; busy ones may finish what they do."""
        with self._changed:
            gone = [worker for key, worker in self._idle if key.sha256 not in sha256s]
            self._idle = [(key, worker) for key, worker in self._idle if key.sha256 in sha256s]
            self._places -= len(gone)
            self._changed.notify_all()
        for worker in gone:
            worker.kill()

    def close(self) -> None:
        """Kill every idle worker and let the busy ones be killed on their return."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for _, worker in idle:
            worker.kill()
        self._warmers.shutdown(wait=True, cancel_futures=True)
        self._maker.shutdown(wait=True)

    def __enter__(self) -> EnginePool:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _take(self, key: EngineKey) -> EngineProcess | None:
        """An idle worker, or None after a place for a new one has been taken."""
        deadline = time.monotonic() + self._patience
        with self._changed:
            while not self._closed:
                for index in range(len(self._idle) - 1, -1, -1):
                    if self._idle[index][0] == key:
                        worker = self._idle.pop(index)[1]
                        if worker.is_alive:
                            return worker
                        worker.kill()  # it ended by itself: tidy up
                        self._places -= 1
                if key in self._coming:
                    self._wait(deadline)
                    continue
                if self._places < self._most:
                    self._places += 1
                    return None
                if self._idle:
                    self._idle.pop(0)[1].kill()  # its place becomes ours
                    return None
                self._wait(deadline)
        raise _unavailable()

    def _wait(self, deadline: float) -> None:
        if not self._changed.wait(deadline - time.monotonic()):
            raise Refusal("busy", "The query engine is busy.", "Try again in a moment.")

    def _start(self, key: EngineKey) -> EngineProcess:
        """Start a worker in the place already taken; give the place up if that fails."""
        try:
            if key.database is not None:
                self._fingerprints.check(key.database, key.sha256)
            worker = self._maker.submit(EngineProcess, key.database, self.limits).result()
            worker.wait_until_ready()
        except BaseException as error:
            self._release_place()
            if isinstance(error, Exception) and getattr(error, "code", "") != DAMAGED:
                raise _unavailable() from None
            raise
        return worker

    def _give_back(self, key: EngineKey, worker: EngineProcess, spoiled: bool) -> None:
        with self._changed:
            keep = worker.is_alive and not spoiled and not self._closed
            if keep:
                self._idle.append((key, worker))
                self._changed.notify_all()
        if not keep:
            worker.kill()
            self._release_place()
            self._prepare(key)

    def _release_place(self) -> None:
        with self._changed:
            self._places -= 1
            self._changed.notify_all()

    def _prepare(self, key: EngineKey) -> None:
        """Have one worker of this key ready soon, if there is none and there is a place for it."""
        with self._changed:
            ready = key in self._coming or any(held == key for held, _ in self._idle)
            if self._closed or ready or self._places >= self._most:
                return
            self._places += 1
            self._coming.add(key)
            self._warmers.submit(self._start_and_keep, key)  # inside the lock: `close` stops the warmers after it

    def _start_and_keep(self, key: EngineKey) -> None:
        try:
            worker = self._start(key)
        except Refusal:  # whoever asks next gets to see it
            worker = None
        with self._changed:
            self._coming.discard(key)
            self._changed.notify_all()
            if worker is not None:
                self._give_back(key, worker, spoiled=False)


def _unavailable() -> Refusal:
    return Refusal(
        "engine-unavailable",
        "The query engine cannot be started on this machine.",
        "Tell the operator: `sde doctor` says what is missing.",
    )
