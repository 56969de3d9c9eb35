"""Ends the workspaces whose approval has ended, whoever ended it: the portal, a command line, or the calendar.

Guard and airlock refuse such a workspace with its next call and the edge within seconds; this ends its processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from governance.access import check_member_in_force
from governance.refusal import Refusal
from governance.store import Store
from hub.housekeeping.running import Running

log = structlog.get_logger("hub.housekeeping")


class EndedApprovals:
    """The duty. All are asked for in one look at the register, and those that ended are ended side by side."""

    def __init__(self, running: Running, store: Store) -> None:
        self._running = running
        self._store = store

    async def end_them(self) -> None:
        """One round."""
        workspaces = {workspace.key: workspace for workspace in self._running}
        if not workspaces:
            return
        for key, code in (await asyncio.to_thread(self._ended, list(workspaces))).items():
            if self._running.end(workspaces[key], at_once=True) is not None:
                log.info("workspace.approval-ended", code=code, project=key[1])

    def _ended(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Those that the register does not allow now, with its reason."""
        ended = {}
        with self._store.reading() as session:
            for subject, project in keys:
                try:
                    check_member_in_force(session, subject, project)
                except Refusal as refusal:
                    ended[subject, project] = refusal.code
        return ended
