"""Logs of the processes: one file each, turned over at start when it has grown, and their last lines for people."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

LARGEST_BYTES = 5 * 2**20
KEPT = 3
TAIL_BYTES = 16 * 1024
LINES_KEPT = 100


def turn_over(log: Path) -> None:
    """`guard.log` becomes `guard.log.1`, and so on; the oldest goes. Only when it has grown past LARGEST_BYTES."""
    if not log.is_file() or log.stat().st_size < LARGEST_BYTES:
        return
    older = [log, *(log.with_name(f"{log.name}.{number}") for number in range(1, KEPT + 1))]
    for source, target in reversed(list(pairwise(older))):
        if source.exists():
            source.replace(target)


def open_log(log: Path) -> BinaryIO:
    """The log, opened for adding, readable by this user only."""
    log.touch(mode=0o600)
    return log.open("ab")


def cut(log: Path) -> bool:
    """Drop all but the last lines of a log that has grown past LARGEST_BYTES, while somebody writes to it; whether it
    had. Its writers add at the end (`open_log`), so they go on at the new one. Blocking."""
    if not log.is_file() or log.stat().st_size < LARGEST_BYTES:
        return False
    kept = "\n".join(["(earlier lines were dropped)", *last_lines(log, LINES_KEPT), ""])
    os.truncate(log, 0)
    with open_log(log) as opened:
        opened.write(kept.encode(errors="replace"))
    return True


def last_lines(log: Path, number: int) -> list[str]:
    """The newest lines of a log, oldest of them first."""
    if not log.is_file():
        return []
    with log.open("rb") as opened:
        opened.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return opened.read().decode(errors="replace").splitlines()[-number:]
