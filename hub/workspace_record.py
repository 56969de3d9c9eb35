"""A running workspace as the hub's database remembers it, so that a hub started anew finds it again. No secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.limits import Group
from hub.processes import Process
from hub.sandbox_process import Sandbox
from hub.workspace_start import Started

BOOT = Path("/proc/sys/kernel/random/boot_id")
NOBODYS_START = -1


@dataclass(frozen=True)
class Record:
    """Its processes and cgroup, its channel, its user number."""

    started: Started
    channel: str
    uid: int

    def as_state(self) -> dict[str, Any]:
        """Numbers and start times of the two processes, and the rest, for JSON."""
        sandbox, group = self.started.sandbox, self.started.group
        return {
            "outer": [sandbox.outer.pid, sandbox.outer.started],
            "first": [sandbox.first.pid, sandbox.first.started],
            "groups": [str(folder) for folder in group.folders] if group else [],
            "channel": self.channel,
            "uid": self.uid,
            "boot": this_boot(),
        }


def this_boot() -> str:
    """The kernel's own name for the time since the machine was started; empty where it has none."""
    return BOOT.read_text().strip() if BOOT.exists() else ""


def record_of(state: dict[str, Any]) -> Record:
    """The record that `as_state` wrote. Start times count from the machine's start: after another one they name nobody,
    even if a process with the same number was born at the same tick."""
    outer, first = Process(*state["outer"]), Process(*state["first"])
    if state.get("boot", this_boot()) != this_boot():
        outer, first = Process(outer.pid, NOBODYS_START), Process(first.pid, NOBODYS_START)
    sandbox = Sandbox(outer, first)
    return Record(Started(sandbox, Group(tuple(map(Path, state["groups"])))), state["channel"], state["uid"])
