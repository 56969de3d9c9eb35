"""Closes workspaces that nobody uses. Promise: none is closed that was not warned for the whole warning time while the
hub ran, and was not used meanwhile; and what is open in a Lab is saved before.

Use is what the notebook server reports to the hub: keys and clicks in the Lab, work of a kernel or a terminal. An open
tab is not (images/server/sde_workspace/activity.py).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

import structlog

from governance.audit import append_event
from governance.clock import now
from governance.settings import Settings
from governance.store import Store
from hub.housekeeping.idle_clock import IdleClock
from hub.housekeeping.running import Running, Workspace
from hub.notices import Notice, clear_notice, write_notice

NOTICE = "idle"
SHORTEST_REPORT, LONGEST_REPORT = 5, 60  # seconds
TEXT = "This workspace closes, since nobody uses it. Documents are saved; variables of kernels are lost."

log = structlog.get_logger("hub.housekeeping")


class Judgement(StrEnum):
    """What is to be done with a workspace."""

    USED = "used"
    WARN = "warn"
    WAIT = "wait"
    CLOSE = "close"


def judge(settings: Settings, idle: float, warned: float | None) -> Judgement:
    """The rule.

    Args:
        settings: how long a workspace may be unused, and how long before that it is warned.
        idle: seconds it has been unused.
        warned: seconds since it was warned; None if it was not.
    """
    limit, warning = settings.workspace_idle_seconds, warning_seconds(settings)
    if limit == 0 or idle < limit - warning:
        return Judgement.USED
    if warned is None:
        return Judgement.WARN
    return Judgement.CLOSE if warned >= warning and idle >= limit else Judgement.WAIT


def warning_seconds(settings: Settings) -> float:
    """How long before closing the warning comes: at most half the time, else a workspace would be warned from birth."""
    return min(settings.workspace_idle_warning_seconds, settings.workspace_idle_seconds / 2)


def report_seconds(settings: Settings) -> int:
    """How often a workspace's server reports its use: several times before a warning, and during one."""
    if settings.workspace_idle_seconds == 0:
        return LONGEST_REPORT
    return max(SHORTEST_REPORT, min(LONGEST_REPORT, int(warning_seconds(settings) / 5)))


class IdleWorkspaces:
    """The duty."""

    def __init__(
        self, running: Running, store: Store, settings: Settings, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._running, self._store, self._settings, self._steady = running, store, settings, steady
        self._clock = IdleClock(steady)
        self._warned: dict[tuple[str, str], float] = {}
        self._known: set[tuple[str, str]] = set()
        self._since: dict[tuple[str, str], float] = {}

    async def look_at_them(self) -> None:
        """One round."""
        workspaces = {workspace.key: workspace for workspace in self._running}
        self._clock.keep_only(workspaces)
        self._warned = {key: at for key, at in self._warned.items() if key in workspaces}
        self._known &= set(workspaces)
        self._since = {key: self._since.get(key, self._steady()) for key in workspaces}
        for key, workspace in workspaces.items():
            await self._look_at(key, workspace)

    async def _look_at(self, key: tuple[str, str], workspace: Workspace) -> None:
        idle = self._clock.idle_seconds(key, workspace.last_activity)
        warned = self._steady() - self._warned[key] if key in self._warned else None
        judgement = judge(self._settings, idle, warned)
        if judgement is Judgement.USED and (key in self._warned or key not in self._known):
            self._warned.pop(key, None)  # one it did not know may be warned since before the hub's restart
            if workspace.places is not None:
                await asyncio.to_thread(clear_notice, workspace.places, NOTICE)
        elif judgement is Judgement.WARN:
            if self._steady() - self._since[key] < 2 * report_seconds(self._settings):
                return  # after a time without a hub, its server is given time to report what was done meanwhile
            self._warned[key] = self._steady()
            if workspace.places is not None:
                await asyncio.to_thread(write_notice, workspace.places, self._notice(idle))
        elif judgement is Judgement.CLOSE:
            await self._close(workspace, idle)
        self._known.add(key)

    def _notice(self, idle: float) -> Notice:
        left = max(warning_seconds(self._settings), self._settings.workspace_idle_seconds - idle)
        return Notice(NOTICE, "idle", "warning", TEXT, (now() + timedelta(seconds=left)).isoformat(), "keep-open")

    async def _close(self, workspace: Workspace, idle: float) -> None:
        if not workspace.spawner.ready:
            return
        await asyncio.to_thread(self._record, workspace, idle)
        if self._running.end(workspace) is not None:
            log.info("workspace.culled", project=workspace.project)

    def _record(self, workspace: Workspace, idle: float) -> None:
        with self._store.transaction() as session:
            append_event(
                session,
                event="workspace.culled",
                actor="service:hub",
                project=workspace.project,
                detail={"subject": workspace.subject, "idle_seconds": round(idle)},
            )
