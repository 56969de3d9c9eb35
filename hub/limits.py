"""One memory and process group of the kernel (cgroup) for each workspace, where this machine lets us make one.

Promise: a workspace that eats memory or forks without end is stopped by the kernel inside its own group; the gateway
and the other workspaces do not notice. Without a group only the limits of single processes hold (`hub.sandbox`), which
`sde doctor` reports as weaker.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hub.sandbox import Limits

CGROUP_ROOT = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
GATEWAY_GROUP = "sde-gateway"  # version 2 allows processes in leaves only: our own leaf
PREFIX = "sde-"
TIGHT = ("memory", "pids")


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

    def admit(self, *pids: int) -> None:
        """Put processes into it; their later children are born there."""
        for folder in self.folders:
            for pid in pids:
                (folder / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """Remove it. The kernel keeps a group that still has members; the next start of the workspace reuses it."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


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
        if _can_delegate(parent) and (not delegate or _delegate(parent)):
            return Groups(Level.CGROUP_2, dict.fromkeys(TIGHT, parent))
    first = {name: root / name / places[name].lstrip("/") for name in TIGHT if name in places}
    writable = {name: folder for name, folder in first.items() if os.access(folder, os.W_OK) and folder.is_dir()}
    if "memory" in writable:
        return Groups(Level.CGROUP_1, writable)
    return Groups(Level.PROCESS, {})


def make_group(groups: Groups, name: str, limits: Limits) -> Group | None:
    """A group with the limits set, or None where groups cannot be made."""
    folders = []
    for folder in dict.fromkeys(parent / f"{PREFIX}{name}" for parent in groups.parents.values()):
        folder.mkdir(exist_ok=True)
        folders.append(folder)
    for file, value in _limit_files(groups, limits):
        for folder in folders:
            if (folder / file).exists():
                (folder / file).write_text(str(value))
    return Group(tuple(folders)) if folders else None


def find_group(groups: Groups, name: str) -> Group:
    """The group of this name, made earlier; without folders if there is none."""
    folders = dict.fromkeys(parent / f"{PREFIX}{name}" for parent in groups.parents.values())
    return Group(tuple(folder for folder in folders if folder.is_dir()))


def _limit_files(groups: Groups, limits: Limits) -> tuple[tuple[str, int], ...]:
    if groups.level is Level.CGROUP_2:
        return (("memory.max", limits.memory), ("memory.swap.max", 0), ("pids.max", limits.processes))
    memory = limits.memory
    return (
        ("memory.limit_in_bytes", memory),
        ("memory.memsw.limit_in_bytes", memory),  # memory and swap together; absent where swap is not counted
        ("pids.max", limits.processes),
    )


def _own_places(own: Path) -> dict[str, str]:
    """Controller -> our own group's path; the empty name is version 2's single tree."""
    places: dict[str, str] = {}
    for line in own.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        places.update(dict.fromkeys(controllers.split(","), path))
    return places


def _can_delegate(parent: Path) -> bool:
    """Whether a service manager has given us this group (systemd: `Delegate=yes`) with both controllers."""
    try:
        controllers = (parent / "cgroup.controllers").read_text().split()
    except OSError:
        return False
    files = ("", "cgroup.procs", "cgroup.subtree_control")
    return set(TIGHT) <= set(controllers) and all(os.access(parent / name, os.W_OK) for name in files)


def _delegate(parent: Path) -> bool:
    """Let groups below `parent` have limits. Version 2 wants no process in an inner group: we move into a leaf."""
    control = parent / "cgroup.subtree_control"
    try:
        if not set(TIGHT) <= set(control.read_text().split()):
            leaf = parent / GATEWAY_GROUP
            leaf.mkdir(exist_ok=True)
            for pid in (parent / "cgroup.procs").read_text().split():
                (leaf / "cgroup.procs").write_text(pid)
            control.write_text(" ".join(f"+{name}" for name in TIGHT))
    except OSError:
        return False
    return True
