"""Keeps files of running processes from growing, by their own file size limit. Promise: every process of the workspace
has it when this returns True, also those that were born meanwhile."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

SMALL_FILE = 2 * 2**20  # enough to save a notebook and to tidy up
MOST_ROUNDS = 8
PROC = Path("/proc")
LIMIT_LINE = "Max file size"
KEEP = -1
#: setresgid and setresuid by number: the C library's own functions change every thread of the process.
SET_IDS = {"x86_64": (119, 117), "aarch64": (149, 147)}


def limit_files(pids: Callable[[], Iterable[int]], most: int, owner: tuple[int, int]) -> bool:
    """Bound the files of all these processes at `most` bytes; False if the kernel does not let us, or if they are born
    faster than we look.

    Args:
        pids: the processes, asked again until none without the limit is left.
        most: bytes. Only root with CAP_SYS_RESOURCE may raise a limit again.
        owner: their user and group number on the host.
    """
    done: list[bool] = []

    def limit() -> None:
        done.append(_limit(pids, most))

    def limit_as_owner() -> None:
        if _take_real_ids(*owner):
            limit()

    limit()
    if not done[-1] and os.geteuid() == 0:
        # A container's root may lack CAP_SYS_RESOURCE. The kernel then asks for the same real user: a thread of its own
        # takes that, and ends with it.
        thread = threading.Thread(target=limit_as_owner)
        thread.start()
        thread.join()
    return done[-1]


def is_limited(pids: Iterable[int], normal: int) -> bool:
    """Whether any of them may not write files as large as usual."""
    return any((held := _limit_of(pid)) is not None and held < normal for pid in pids)


def _limit(pids: Callable[[], Iterable[int]], most: int) -> bool:
    for _ in range(MOST_ROUNDS):
        others = [pid for pid in pids() if _limit_of(pid) not in (most, None)]
        if not others:  # a child has its parent's limit from birth, so nobody is left without
            return True
        for pid in others:
            with suppress(ProcessLookupError):
                try:
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
                except (PermissionError, ValueError):
                    return False
    return False


def _limit_of(pid: int) -> int | None:
    """Its hard limit, as everybody may read it; None if it has ended."""
    with suppress(OSError, StopIteration):
        lines = (PROC / str(pid) / "limits").read_text().splitlines()
        hard = next(line for line in lines if line.startswith(LIMIT_LINE)).removeprefix(LIMIT_LINE).split()[1]
        return resource.RLIM_INFINITY if hard == "unlimited" else int(hard)
    return None


def _take_real_ids(uid: int, gid: int) -> bool:
    """Of this thread only; the effective user stays root. False where the numbers of the calls are not known."""
    if platform.machine() not in SET_IDS:
        return False
    library = ctypes.CDLL(None, use_errno=True)
    numbers = SET_IDS[platform.machine()]
    return all(library.syscall(number, real, KEEP, KEEP) == 0 for number, real in zip(numbers, (gid, uid), strict=True))
