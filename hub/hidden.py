"""What the kernel tells everybody in /proc about the whole machine, and a workspace does not see.

Promise: a workspace does not learn from /proc which devices the machine has, how it was started, when its devices
interrupt (keystrokes, packets of others) or where its memory is. What programs need to size themselves stays: memory,
processors, load. No other file in /proc is about anything but the workspace's own processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NOTHING = "/dev/null"  # bound over a file without the right to open devices, it cannot even be opened
PROC = Path("/proc")
FILES = (
    *("buddyinfo", "cmdline", "config.gz", "consoles", "crypto", "devices", "diskstats", "dma", "execdomains"),
    *("interrupts", "iomem", "ioports", "kallsyms", "kcore", "key-users", "keys", "kmsg", "kpagecgroup", "kpagecount"),
    *("kpageflags", "latency_stats", "locks", "misc", "modules", "mtrr", "pagetypeinfo", "partitions", "sched_debug"),
    *("schedstat", "slabinfo", "softirqs", "sysrq-trigger", "timer_list", "vmallocinfo", "zoneinfo"),
)
FOLDERS = ("acpi", "asound", "bus", "driver", "fs", "irq", "pressure", "scsi", "tty")


@dataclass(frozen=True)
class HiddenPaths:
    """Files to cover, and folders to cover with empty ones."""

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


NO_PATHS = HiddenPaths()


def find_hidden(proc: Path = PROC) -> HiddenPaths:
    """Those that this machine's kernel has: nothing can be hung over what is not there."""
    return HiddenPaths(
        tuple(str(PROC / name) for name in FILES if (proc / name).is_file()),
        tuple(str(PROC / name) for name in FOLDERS if (proc / name).is_dir()),
    )
