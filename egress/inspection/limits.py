"""The lock of the child process: what it may still do once it has begun to read hostile bytes.

Promise: it can open no file and no socket, start no process, write nothing, and use no more memory than the limit.
"""

from __future__ import annotations

import resource

from governance.confinement.seccomp import NO_SOCKETS, build_filter, install_filter
from governance.refusal import Refusal

MEMORY_BYTES = 1536 * 2**20  # of address space; Pillow holds 40 million pixels twice in a quarter of it
CPU_SECONDS = 300  # over all files of one child; the parent's clock is the limit for one file
RENDERING_DESCRIPTORS = 64


def lock(*, keep_files: bool) -> None:
    """Give up rights for good. `keep_files`: templates are still to be read (rendering), so descriptors stay."""
    descriptors = RENDERING_DESCRIPTORS if keep_files else 0
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
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
