"""Disk space of files that have no name any more and are still open or mapped: no walk through folders sees them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from hub.disk.measure import BLOCK_BYTES

PROC = Path("/proc")
GONE = " (deleted)"
SENT_ALONG = "scm_fds:"


def nameless_bytes(pids: Iterable[int], device: int) -> int:
    """Bytes on this device (st_dev) of files without a name that these processes hold. Maps are seen by root only."""
    seen: dict[int, int] = {}
    for pid in pids:
        for held in (*_open_files(pid), *_mapped_files(pid)):
            if stat.S_ISREG(held.st_mode) and held.st_nlink == 0 and held.st_dev == device:
                seen[held.st_ino] = held.st_blocks * BLOCK_BYTES
    return sum(seen.values())


def descriptors_in_flight(pids: Iterable[int]) -> bool:
    """Whether any of these processes has sent open files through a socket that nobody has taken out yet. Meanwhile they
    are in no process's list, so what they hold cannot be counted. (Linux 5.11 tells; an older kernel does not.)"""
    for pid in pids:
        with suppress(OSError):
            for entry in os.scandir(PROC / str(pid) / "fd"):
                with suppress(OSError):
                    if stat.S_ISSOCK(entry.stat().st_mode) and _sent_along(PROC / str(pid) / "fdinfo" / entry.name):
                        return True
    return False


def _sent_along(described: Path) -> bool:
    lines = described.read_text().splitlines()
    return any(line.startswith(SENT_ALONG) and line.removeprefix(SENT_ALONG).strip() != "0" for line in lines)


def _open_files(pid: int) -> Iterator[os.stat_result]:
    with suppress(OSError):
        for entry in os.scandir(PROC / str(pid) / "fd"):
            with suppress(OSError):
                yield entry.stat()


def _mapped_files(pid: int) -> Iterator[os.stat_result]:
    with suppress(OSError):
        for line in (PROC / str(pid) / "maps").read_text(errors="replace").splitlines():
            if line.endswith(GONE):
                with suppress(OSError):
                    yield (PROC / str(pid) / "map_files" / line.split(" ", 1)[0]).stat()
