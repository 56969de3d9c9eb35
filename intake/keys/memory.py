"""Keeps a process that has opened a key from being written to a core file or read by another process of the same user.
Promise: both are switched off before the first key is read, and stay off until the process ends.

Not covered: root reads any process, the machine's swap may hold pages of it (encrypt the swap, or have none), and
Python cannot promise that no copy of a secret is left in memory until the process ends.
"""

from __future__ import annotations

import ctypes
import resource
from functools import cache

from governance.refusal import Refusal

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4


def forbid_dumps() -> None:
    """Core files of 0 bytes, for good, and PR_SET_DUMPABLE 0, which also hides the process's memory from everybody but
    root. Raises Refusal `memory-not-private` where the kernel does not do it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    library = _library()
    if library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) or library.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0):
        raise Refusal(
            "memory-not-private", "The system cannot keep this process's memory private.", "Run the intake on Linux."
        )


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
