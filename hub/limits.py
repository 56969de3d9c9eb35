"""One group of the kernel (cgroup) for each workspace, for its memory, processes and processors, where this machine
lets us make one.

Promise: a workspace that eats memory, forks without end or computes without end is held by the kernel inside its own
group; the gateway and the other workspaces do not notice. A group that cannot be made whole starts no workspace. Where
no group can be made at all, limits of single processes hold (`hub.sandbox`); `hub.levels` says whether that will do.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from governance.refusal import Refusal
from hub.processes import wait_until
from hub.sandbox import Limits

CGROUP_ROOT = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
GATEWAY_GROUP = "sde-gateway"  # version 2 allows processes in leaves only: our own leaf
PREFIX = "sde-"
NEEDED = ("memory", "pids")  # without both, a group of version 2 is not worth making
CONTROLLERS = (*NEEDED, "cpu")
CPU_PERIOD = 100_000  # microseconds
CPU_WEIGHT, CPU_SHARES = 50, 512  # half of what the gateway's own processes have, when all want to compute
SOCKET_SHARE = 8  # of its memory, for data waiting in TCP and UDP sockets, which version 1 counts by themselves
#: Where the kernel does not count swap, or sockets by themselves.
REMOVE_SECONDS = 1.0
MISSING_OK = frozenset({"memory.swap.max", "memory.memsw.limit_in_bytes", "memory.kmem.tcp.limit_in_bytes"})


class Level(StrEnum):
    """What holds a workspace's memory and processes."""

    CGROUP_2 = "cgroup v2"
    CGROUP_1 = "cgroup v1"
    PROCESS = "limits of single processes only"


@dataclass(frozen=True)
class Groups:
    """The parent folders, one per controller (the same twice in version 2), below which groups can be made."""

    level: Level
    parents: dict[str, Path]


@dataclass(frozen=True)
class Group:
    """One workspace's group: its folders, to be removed when it has ended."""

    folders: tuple[Path, ...]

    def holds(self, pid: int, proc: Path = Path("/proc")) -> bool:
        """Whether the kernel says that the process is in it, with every controller."""
        places = [Path(place).name for place in _own_places(proc / str(pid) / "cgroup").values()]
        return places.count(self.folders[0].name) >= len(self.folders)

    def processes(self) -> list[int]:
        """Numbers of the processes in it; none once it is gone."""
        with contextlib.suppress(OSError):
            return [int(pid) for pid in (self.folders[0] / "cgroup.procs").read_text().split()]
        return []

    def admit(self, *pids: int) -> None:
        """Put processes into it; their later children are born there."""
        for folder in self.folders:
            for pid in pids:
                (folder / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """Remove it. The kernel keeps a group until the last of its processes is quite gone, so this waits a moment.
        One that still has members stays, and the next start reuses it. Blocking, a second at the most."""
        wait_until(self._is_removed, REMOVE_SECONDS)

    def _is_removed(self) -> bool:
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
        return not any(folder.is_dir() for folder in self.folders)


def find_groups(*, delegate: bool, root: Path = CGROUP_ROOT, own: Path = OWN_GROUPS) -> Groups:
    """Where groups can be made. Version 2 if delegated to us, else version 1 if writable, else none.

    Args:
        delegate: in version 2, move our own processes into a leaf, so that groups can be made beside it; False only
            looks whether that could be done.
        root: where the groups are mounted.
        own: the kernel's list of the groups we are in.
    """
    places = _own_places(own)
    if "" in places and (root / "cgroup.controllers").is_file():
        parent = root / places[""].lstrip("/").removesuffix(GATEWAY_GROUP)  # already in our own leaf
        given = _delegated(parent)
        if given and (not delegate or _delegate(parent, given)):
            return Groups(Level.CGROUP_2, dict.fromkeys(given, parent))
    first = {name: root / name / places[name].lstrip("/") for name in CONTROLLERS if name in places}
    writable = {name: folder for name, folder in first.items() if os.access(folder, os.W_OK) and folder.is_dir()}
    if "memory" in writable:
        return Groups(Level.CGROUP_1, writable)
    return Groups(Level.PROCESS, {})


def make_group(groups: Groups, name: str, limits: Limits) -> Group | None:
    """A group with the limits set, or None where groups cannot be made.

    Raises Refusal `limits-not-set` if the kernel does not take one of them: nothing may start without it.
    """
    folders = dict.fromkeys(parent / f"{PREFIX}{name}" for parent in groups.parents.values())
    group = Group(tuple(folders))
    try:
        for folder in folders:
            folder.mkdir(exist_ok=True)
        for controller, file, value in _limit_files(groups.level, limits):
            if controller in groups.parents:
                _set(groups.parents[controller] / f"{PREFIX}{name}" / file, value)
    except OSError as error:
        group.remove()
        raise Refusal(
            "limits-not-set",
            f"The kernel did not take the workspace's limits ({type(error).__name__}).",
            "Run `sde doctor`.",
        ) from None
    return group if folders else None


def _set(file: Path, value: str) -> None:
    if file.name in MISSING_OK and not file.exists():
        return
    descriptor = os.open(file, os.O_WRONLY)  # never creates: a file that is missing is an error
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def find_group(groups: Groups, name: str) -> Group:
    """The group of this name, made earlier; without folders if there is none."""
    folders = dict.fromkeys(parent / f"{PREFIX}{name}" for parent in groups.parents.values())
    return Group(tuple(folder for folder in folders if folder.is_dir()))


def _limit_files(level: Level, limits: Limits) -> tuple[tuple[str, str, str], ...]:
    """Controller, file, what to write; in this order (swap can never be bounded below the memory)."""
    memory, quota = str(limits.memory), str(int(limits.cpus * CPU_PERIOD))
    if level is Level.CGROUP_2:
        return (
            ("memory", "memory.max", memory),
            ("memory", "memory.swap.max", "0"),
            ("pids", "pids.max", str(limits.processes)),
            ("cpu", "cpu.max", f"{quota} {CPU_PERIOD}"),
            ("cpu", "cpu.weight", str(CPU_WEIGHT)),
        )
    return (
        ("memory", "memory.memsw.limit_in_bytes", "-1"),  # of an earlier start, when settings were smaller
        ("memory", "memory.limit_in_bytes", memory),
        ("memory", "memory.memsw.limit_in_bytes", memory),  # memory and swap together
        ("memory", "memory.kmem.tcp.limit_in_bytes", str(limits.memory // SOCKET_SHARE)),  # unbounded unless it is set
        ("pids", "pids.max", str(limits.processes)),
        ("cpu", "cpu.cfs_period_us", str(CPU_PERIOD)),
        ("cpu", "cpu.cfs_quota_us", quota),
        ("cpu", "cpu.shares", str(CPU_SHARES)),
    )


def _own_places(own: Path) -> dict[str, str]:
    """Controller -> our own group's path; the empty name is version 2's single tree."""
    places: dict[str, str] = {}
    for line in own.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        places.update(dict.fromkeys(controllers.split(","), path))
    return places


def _delegated(parent: Path) -> tuple[str, ...]:
    """The controllers of this group, if a service manager has given it to us (systemd: `Delegate=yes`) with those that
    are needed; else none."""
    try:
        controllers = (parent / "cgroup.controllers").read_text().split()
    except OSError:
        return ()
    files = ("", "cgroup.procs", "cgroup.subtree_control")
    ours = set(NEEDED) <= set(controllers) and all(os.access(parent / name, os.W_OK) for name in files)
    return tuple(name for name in CONTROLLERS if name in controllers) if ours else ()


def _delegate(parent: Path, controllers: tuple[str, ...]) -> bool:
    """Let groups below `parent` have limits. Version 2 wants no process in an inner group: we move into a leaf."""
    control = parent / "cgroup.subtree_control"
    try:
        if not set(controllers) <= set(control.read_text().split()):
            leaf = parent / GATEWAY_GROUP
            leaf.mkdir(exist_ok=True)
            for pid in (parent / "cgroup.procs").read_text().split():
                (leaf / "cgroup.procs").write_text(pid)
            control.write_text(" ".join(f"+{name}" for name in controllers))
    except OSError:
        return False
    return True
