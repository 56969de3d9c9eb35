"""One query at a time for each person in each project, with a short queue behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from governance.callers import Caller
from governance.refusal import Refusal

MOST_WAITING = 4


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    present: int = 0  # the one whose turn it is, and those who wait


class Turns:
    """Thread-safe; forgets a person as soon as nobody waits."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: the longest a query waits for its turn."""
        self._seconds = seconds
        self._turns: dict[tuple[str, str], _Turn] = {}
        self._lock = threading.Lock()

    @contextmanager
    def of(self, caller: Caller) -> Iterator[None]:
        """Wait for this person's turn in this project. Raises Refusal `busy` if too many wait or it takes too long."""
        key = (caller.subject, caller.project)
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            if turn.present > MOST_WAITING:
                raise _busy()
            turn.present += 1
        try:
            if not turn.lock.acquire(timeout=self._seconds):
                raise _busy()
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            with self._lock:
                turn.present -= 1
                if turn.present == 0:
                    del self._turns[key]


def _busy() -> Refusal:
    return Refusal("busy", "Your earlier queries are still running.", "Wait for them to finish, then ask again.")
