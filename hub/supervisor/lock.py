"""One gateway at a time on a state folder: a lock that the kernel lets go when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from governance.refusal import Refusal
from governance.settings import Settings


def _lock_file(settings: Settings) -> Path:
    return settings.folder.root / "up.lock"


@contextmanager
def hold_state(settings: Settings) -> Iterator[None]:
    """Hold the state folder. Raises Refusal `already-running` if another `sde up` holds it."""
    descriptor = os.open(_lock_file(settings), os.O_RDWR | os.O_CREAT, 0o600)  # not handed to children
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refusal(
            "already-running", f"A gateway is running on {settings.folder.root}.",
            "Stop it with Ctrl-C in its own window, or set SDE_STATE to another folder.",
        ) from None  # fmt: skip
    try:
        yield
    finally:
        os.close(descriptor)


def check_no_run(settings: Settings) -> None:
    """Raise Refusal `run-in-progress` while a `sde workspace run` uses services of its own on these sockets."""
    descriptor = os.open(settings.folder.run / "services.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refusal(
            "run-in-progress", "A `sde workspace run` is going on here.", "Start the gateway when it has ended."
        ) from None
    finally:
        os.close(descriptor)
