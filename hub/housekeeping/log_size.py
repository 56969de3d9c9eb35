"""Keeps the logs of running workspaces small: code inside can write to its server's log without end, and the log lies
on the gateway's own disk."""

from __future__ import annotations

import asyncio

import structlog

from governance.settings import Settings
from hub.supervisor.logs import cut

log = structlog.get_logger("hub.housekeeping")


class LogSize:
    """The duty. A log that is cut keeps its last lines."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.folder.logs

    async def look_at_them(self) -> None:
        """One round."""
        if number := await asyncio.to_thread(self._cut_all):
            log.warning("workspace.logs-cut", count=number)

    def _cut_all(self) -> int:
        return sum(cut(file) for file in sorted(self._folder.glob("workspace-*.log")))
