"""Finds and ends what no record names: sandboxes that the hub does not know, and what ended ones have left behind.

Promise: neither a workspace that the hub knows or is starting, nor a `sde workspace run`, is ever touched. A sandbox
that the hub does not know (it was killed in mid-start, or its database came from a backup) is ended and audited.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from governance.audit import append_event
from governance.channels import close_channel
from governance.settings import Settings
from governance.store import Store
from hub.limits import PREFIX, Group, Groups, find_group, find_groups
from hub.names import RUN_PREFIX, WorkspacePlaces
from hub.ownership import alone_in
from hub.processes import Process, find_holders, wait_until
from hub.sandbox_process import END_SECONDS, is_held

CHANNEL_FILE = "channel"  # in the folder of a run: which channel to close if it cannot do so itself
OLD_SECONDS = 600.0  # longer than any start takes
GONE = ".gone-"


class Orphans:
    """Remembers between two looks whom it has seen. Only who was there at the last look, and is not known at this one,
    is ended: whatever the hub has started meanwhile it knows by now."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._suspects: dict[str, tuple[Process, ...]] = {}

    def end_them(self, known: Collection[str]) -> int:
        """One look; returns how many workspaces were ended. Blocking.

        Args:
            known: the slugs of all workspaces that the hub believes to run or is starting, asked for just before.
        """
        groups = find_groups(delegate=False)
        names = {name for name in self._names(groups) if not name.startswith(RUN_PREFIX)} - set(known)
        found = {place.name: self._processes(place, groups) for place in map(self._place, sorted(names))}
        ended = 0
        for name, processes in found.items():
            if sure := [process for process in processes if process in self._suspects.get(name, ())]:
                self._end(self._place(name), sure, groups)
                ended += 1
        self._suspects = {name: processes for name, processes in found.items() if processes}
        for name in sorted(set(found) - set(self._suspects)):
            remove_stale(self._place(name), groups)
        sweep_dead_runs(self._settings, self._store)
        return ended

    def _names(self, groups: Groups) -> Iterator[str]:
        """Of everything that has a run folder or a cgroup of this gateway."""
        ours = f"{PREFIX}{self._place('').group}"
        for parent in dict.fromkeys(groups.parents.values()):
            for folder in parent.glob(f"{ours}*"):
                yield folder.name.removeprefix(ours)
        with contextlib.suppress(FileNotFoundError):
            for folder in self._place("x").run.parent.iterdir():
                if folder.name.startswith(GONE):
                    shutil.rmtree(folder, ignore_errors=True)
                else:
                    yield folder.name

    def _place(self, name: str) -> WorkspacePlaces:
        return WorkspacePlaces(self._settings.folder, name, name)

    def _processes(self, place: WorkspacePlaces, groups: Groups) -> tuple[Process, ...]:
        """Those that hold its lock, and those in its cgroup, if it has one."""
        holders = find_holders(place.lock) if is_held(place.lock) else []
        group = find_group(groups, place.group)
        members = [Process.of(pid) for pid in (group.processes() if group.folders else [])]
        return tuple(dict.fromkeys([*holders, *(member for member in members if member is not None)]))

    def _end(self, place: WorkspacePlaces, processes: Collection[Process], groups: Groups) -> None:
        with self._store.transaction() as session:
            append_event(
                session,
                event="workspace.orphan-ended",
                actor="service:hub",
                project=place.project,
                detail={"workspace": place.slug},
            )
        for process in processes:
            process.send(signal.SIGKILL)
        if wait_until(lambda: not any(process.is_alive for process in processes), END_SECONDS):
            find_group(groups, place.group).remove()


def remove_stale(place: WorkspacePlaces, groups: Groups) -> None:
    """Remove the folder and cgroup of one that has ended long ago. One that is being started keeps them: starting makes
    the folder new, and takes turns with us."""
    run = place.run
    if run.parent.is_dir():
        with alone_in(run.parent):
            if run.exists() and (_age(run) < OLD_SECONDS or is_held(place.lock)):
                return
            with contextlib.suppress(FileNotFoundError):
                run.rename(run.with_name(f"{GONE}{run.name}"))
    shutil.rmtree(run.with_name(f"{GONE}{run.name}"), ignore_errors=True)
    group = find_group(groups, place.group)
    if not group.folders or not group.processes():
        group.remove()


def sweep_dead_runs(settings: Settings, store: Store) -> None:
    """Close the channel and remove the folder and cgroup of runs that were killed before they could do so.

    Only old ones: a run that is just starting does not hold its lock yet.
    """
    groups = find_groups(delegate=False)
    for folder in (settings.folder.run / "w").glob(f"{RUN_PREFIX}*"):
        place = WorkspacePlaces(settings.folder, folder.name, folder.name)
        with contextlib.suppress(FileNotFoundError):
            if _age(folder) < OLD_SECONDS or is_held(place.lock):
                continue
            close_channel(store, (folder / CHANNEL_FILE).read_text())
        Group(find_group(groups, place.group).folders).remove()
        shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    return time.time() - folder.stat().st_mtime
