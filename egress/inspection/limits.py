"""The lock of the child process: what it may still do once it has begun to read hostile bytes.

Promise: it can open no file and no socket, start no process, write nothing, and use no more memory than the limit.
"""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from governance.confinement.seccomp import NO_SOCKETS, build_filter, install_filter
from governance.refusal import Refusal

MEMORY_BYTES = 1536 * 2**20  # of address space; Pillow holds 40 million pixels twice in a quarter of it
RENDERING_DESCRIPTORS = 64


def lock(*, keep_files: bool) -> None:
    """Give up rights for good. `keep_files`: templates are still to be read (rendering), so descriptors stay."""
    descriptors = RENDERING_DESCRIPTORS if keep_files else 0
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, descriptors),
    ):
        resource.setrlimit(limit, (value, value))
    try:
        install_filter(build_filter(sockets=NO_SOCKETS))
    except Refusal:  # no filter is written for this machine; bubblewrap's network namespace holds instead
        return


@contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """End this process if what is done takes more of the processor: a machine that is busy with others counts for
    nothing, and the kernel's timer also ends what never comes back to Python."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
