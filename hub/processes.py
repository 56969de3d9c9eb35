"""Processes that are known by number and start time. Promise: a signal never reaches another process that has got the
number since."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Process:
    """A process of this machine. `started` is in the kernel's clock ticks since boot (proc(5), stat, field 22)."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The process that has this number now; None if there is none, or only its exit status is left."""
        stat = _read_stat(pid)
        return cls(pid, int(stat[19])) if stat and stat[0] not in ("Z", "X") else None

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return Process.of(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Send a signal; harmless if it has ended."""
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(self.pid)  # from here on the number cannot change hands
            try:
                if self.is_alive:
                    signal.pidfd_send_signal(descriptor, number)
            finally:
                os.close(descriptor)

    def children(self) -> list[Process]:
        """Its direct children."""
        found = []
        for pid in _all_pids():
            stat = _read_stat(pid)
            if stat and int(stat[1]) == self.pid and (child := Process.of(pid)) is not None:
                found.append(child)
        return found


def descendants(pid: int) -> list[int]:
    """Numbers of its children, their children and so on, as they are now."""
    parents: dict[int, list[int]] = {}
    for other in _all_pids():
        if stat := _read_stat(other):
            parents.setdefault(int(stat[1]), []).append(other)
    found, ahead = [], [pid]
    while ahead:
        children = parents.get(ahead.pop(), [])
        found += children
        ahead += children
    return found


def find_holders(file: Path) -> list[Process]:
    """Processes that have the file open."""
    try:
        wanted = file.stat()
    except FileNotFoundError:
        return []
    found = []
    for pid in _all_pids():
        if pid != os.getpid() and _holds(pid, wanted) and (process := Process.of(pid)) is not None:
            found.append(process)
    return found


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again; False if it did not come true in time. Blocking."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= ends:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _holds(pid: int, wanted: os.stat_result) -> bool:
    try:
        for entry in os.scandir(PROC / str(pid) / "fd"):
            with contextlib.suppress(OSError):
                held = entry.stat()
                if (held.st_dev, held.st_ino) == (wanted.st_dev, wanted.st_ino):
                    return True
    except OSError:  # it ended, or belongs to somebody else
        pass
    return False


def _all_pids() -> Iterator[int]:
    return (int(entry.name) for entry in os.scandir(PROC) if entry.name.isdigit())


def _read_stat(pid: int) -> list[str]:
    """The fields after the program's name (which may hold blanks and brackets): state, parent, ..."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
