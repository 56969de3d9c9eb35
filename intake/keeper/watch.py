"""Waits, and starts a round when one is due: at intervals, and soon after the data have changed.

Promise: never two rounds at once, whoever started the other; told to stop, it interrupts a round as Ctrl-C would (what
that builds is whole or not there), waits for it a while, and ends.

Only the standard library is imported: this process is there day and night (docs/decisions/keeper-in-rounds.md).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from governance.state import StateFolder

#: What is waited for; blocked, so that none is lost between two waits.
STOP = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
AWAITED = STOP | {signal.SIGCHLD}
PR_SET_PDEATHSIG = 1  # prctl(2)
LIBC = ctypes.CDLL(None)
ROUND = (sys.executable, "-m", "intake.keeper.round")
LOCK = "keeper.lock"
HOLD_TRIES = 20


@dataclass(frozen=True)
class Pace:
    """Seconds. `first`: from the start to the first round, when the gateway has had the machine to itself; `every`:
    between rounds; `look`: between two looks at the data's folders; `stop`: given to a round to end."""

    first: float = 30.0
    every: float = 600.0
    look: float = 15.0
    stop: float = 8.0


@dataclass
class Keeper:
    """One keeper of one state folder."""

    folder: StateFolder
    pace: Pace = field(default_factory=Pace)
    command: tuple[str, ...] = ROUND

    def keep(self) -> bool:
        """Until told to stop; False if another keeper is at work here."""
        signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
        if not _hold(self.folder.run / LOCK):
            tell("keeper.not-started", reason="another keeper is at work on this state folder")
            return False
        tell("keeper.started")
        self._wait_and_round()
        tell("keeper.stopped")
        return True

    def _wait_and_round(self) -> None:
        due, seen, changed = time.monotonic() + self.pace.first, self._look(), False
        while True:
            if _wait(STOP, max(0.0, min(self.pace.look, due - time.monotonic()))):
                return
            looked = self._look()
            still = looked == seen  # what is being written is left to settle
            changed, seen = changed or not still, looked
            if time.monotonic() >= due or (changed and still):
                if not self._round():
                    return
                due, changed = time.monotonic() + self.pace.every, False  # what came meanwhile is seen next

    def _look(self) -> tuple[int, ...]:
        """When the places where news arrives changed last: opt-outs, deliveries, versions of the region."""
        identifiable = self.folder.identifiable
        places = (identifiable / "optouts.duckdb", identifiable / "deliveries", self.folder.region)
        return tuple(_changed_at(place) for place in places)

    def _round(self) -> bool:
        """One round to its end; False if told to stop meanwhile."""
        child = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_prepare,  # noqa: PLW1509  (this process has no other thread)
        )
        while child.poll() is None:
            if _wait(AWAITED, self.pace.look) in STOP:
                _interrupt(child, self.pace.stop)
                return False
        if child.returncode:
            tell("keeper.round-failed", status=child.returncode)
        return True


def _hold(lock: Path) -> bool:
    """For as long as this process lives. Tried for a while: whoever asks for a keeper holds it a moment."""
    held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(HOLD_TRIES):
        try:
            flock(held, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            return True
    return False


def tell(event: str, **facts: object) -> None:
    """One line of the log, as `governance.logs` writes them."""
    line = {"event": event, "level": "info", "timestamp": datetime.now(UTC).isoformat(), **facts}
    print(json.dumps(line, sort_keys=True), file=sys.stderr, flush=True)


def _wait(signals: frozenset[signal.Signals], seconds: float) -> int:
    """The first of the signals within so many seconds, or 0."""
    found = signal.sigtimedwait(signals, seconds)
    return 0 if found is None else found.si_signo


def _changed_at(place: Path) -> int:
    try:
        return place.stat().st_mtime_ns
    except OSError:
        return 0


def _interrupt(child: subprocess.Popen[bytes], grace: float) -> None:
    """As Ctrl-C would interrupt it, and all it has started; what has not ended in time is ended."""
    for number, seconds in ((signal.SIGINT, grace), (signal.SIGKILL, None)):
        try:
            os.killpg(child.pid, number)
            child.wait(seconds)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _prepare() -> None:
    """In the child: signals as everywhere, and an interrupt if this process dies without a word."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, AWAITED)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored ever since where the gateway was started in the background
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
