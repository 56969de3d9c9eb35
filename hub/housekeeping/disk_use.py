"""Watches the disk space of running workspaces, and ends those that go on filling a folder far over its quota."""

from __future__ import annotations

import asyncio

import structlog

from governance.audit import append_event
from governance.settings import Settings
from governance.store import Store
from hub.disk import DiskWatch, Reading, Watched
from hub.housekeeping.running import Running, Workspace
from hub.workspace_start import watched

log = structlog.get_logger("hub.housekeeping")


class DiskUse:
    """The duty. Workspaces are looked at side by side, those that take long to measure less often."""

    def __init__(self, running: Running, store: Store, settings: Settings) -> None:
        self._running, self._store, self._settings = running, store, settings
        self._watch = DiskWatch(settings)

    async def look_at_them(self) -> None:
        """One round."""
        found = [(one, held) for one in self._running if (held := self._watched(one)) is not None]
        self._watch.keep_only({held.places.name for _, held in found})
        due = [(one, held) for one, held in found if self._watch.is_due(held.places)]
        await asyncio.gather(*(self._look_at(one, held) for one, held in due))

    def _watched(self, one: Workspace) -> Watched | None:
        """None where there is no sandbox of this machine to look at."""
        held = getattr(one.spawner, "running", None)
        return None if held is None or one.places is None else watched(self._settings, one.places, held[1], held[0])

    async def _look_at(self, one: Workspace, held: Watched) -> None:
        try:
            reading = await asyncio.to_thread(self._watch.look, held)
        except OSError as error:  # it ends at this moment, or its disk is broken; the others are looked at all the same
            log.warning("disk.not-measured", project=one.project, error=type(error).__name__)
            return
        if reading.must_end and one.spawner.ready:
            await asyncio.to_thread(self._record, one, reading)
            if self._running.end(one) is not None:
                log.info("workspace.disk-over-quota", project=one.project, folder=reading.folder)

    def _record(self, one: Workspace, reading: Reading) -> None:
        with self._store.transaction() as session:
            append_event(
                session,
                event="workspace.disk-over-quota",
                actor="service:hub",
                project=one.project,
                detail={"subject": one.subject, "folder": reading.folder, "percent": reading.percent},
            )
