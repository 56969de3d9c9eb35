"""How strongly each resource of a workspace is bounded on this machine, and whether that is enough to start.

Promise: no workspace starts under limits weaker than the settings allow; what is weaker is said, never passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from governance.refusal import Refusal
from governance.settings import Settings
from hub.limits import Groups, Level
from hub.sandbox import Limits

MEBIBYTE, GIBIBYTE = 2**20, 2**30
DELEGATION = "Run the gateway as a service with `Delegate=yes` (systemd), or in a container with a group of its own."


PROCESS_SHARE = 2  # without a group: times the workspace's memory, for one process (thread stacks count too)
_seen_in_groups: set[str] = set()


class Strength(StrEnum):
    """What bounds a resource; the values are those of the setting `workspace_limits`, the strongest first."""

    GROUP = "group"  # the workspace as a whole
    PROCESS = "process"  # each of its processes, not all of them together
    NONE = "none"


ORDER = (Strength.GROUP, Strength.PROCESS, Strength.NONE)


@dataclass(frozen=True)
class Held:
    """One resource: how strongly it is bounded, and in words how. Whether a group could hold it is `groupable`."""

    resource: str
    strength: Strength
    how: str
    groupable: bool = True


def levels_in_force(groups: Groups, limits: Limits) -> tuple[Held, ...]:
    """Every bounded resource of a workspace, as it is bounded here."""
    memory, temporary = limits.memory // MEBIBYTE, limits.temporary // MEBIBYTE
    return (
        _held(
            groups, "memory", "memory", f"{memory} MiB, memory folders counted in",
            f"{memory} MiB are not held for the whole workspace, only about twice that for each process",
        ),
        _held(
            groups, "processes", "pids", f"{limits.processes} processes and threads",
            f"{limits.processes} processes, by the user's own limit",
        ),
        _held(
            groups, "processors", "cpu", f"{limits.cpus:g} processors",
            f"{limits.cpus:g} processors are not held; it gives way to the gateway (niceness {limits.niceness})",
        ),
        Held("file size", Strength.PROCESS, f"{limits.file_size / GIBIBYTE:g} GiB a file", groupable=False),
        Held(
            "tmp folders", Strength.GROUP, f"{temporary} MiB and {temporary // 4} MiB, by their own size",
            groupable=False,
        ),
    )  # fmt: skip


def least_strength(settings: Settings) -> Strength:
    """The weakest level that the settings allow."""
    if settings.workspace_limits:
        return Strength(settings.workspace_limits)
    return Strength.PROCESS if settings.is_demo else Strength.GROUP


def check_levels(settings: Settings, groups: Groups) -> None:
    """Raise Refusal `limits-too-weak` if a resource that a group could hold is held more weakly than the settings
    allow, or more weakly than when this process last looked: then something has gone wrong with the machine."""
    least = least_strength(settings)
    held = [one for one in levels_in_force(groups, limits_of(settings, groups)) if one.groupable]
    weak = [one.resource for one in held if ORDER.index(one.strength) > ORDER.index(least)]
    lost = [one.resource for one in held if one.resource in _seen_in_groups and one.strength is not Strength.GROUP]
    _seen_in_groups.update(one.resource for one in held if one.strength is Strength.GROUP)
    if lost and least is not Strength.NONE:
        raise Refusal(
            "limits-too-weak",
            f"The kernel's groups for a workspace's {', '.join(lost)} have gone since the gateway started.",
            "Look at /sys/fs/cgroup and restart the gateway.",
        )
    if weak:
        raise Refusal(
            "limits-too-weak",
            f"No group of the kernel can hold a workspace's {', '.join(weak)} on this machine.",
            f"{DELEGATION} To start all the same, set SDE_WORKSPACE_LIMITS=process.",
        )


def limits_of(settings: Settings, groups: Groups) -> Limits:
    """The settings' limits; a single process is bounded too where no group bounds them all."""
    memory = settings.workspace_memory_bytes
    return Limits(
        memory=memory,
        temporary=settings.workspace_tmp_bytes,
        processes=settings.workspace_processes,
        cpus=settings.workspace_cpus,
        process_memory=0 if "memory" in groups.parents else memory * PROCESS_SHARE,
    )


def _held(groups: Groups, resource: str, controller: str, whole: str, single: str) -> Held:
    if groups.level is not Level.PROCESS and controller in groups.parents:
        return Held(resource, Strength.GROUP, f"{whole}, by {groups.level}")
    return Held(resource, Strength.PROCESS, single)
