"""Ends sandboxes that the hub does not know, and removes what ended ones have left."""

from __future__ import annotations

import asyncio

import structlog

from governance.settings import Settings
from governance.store import Store
from hub.housekeeping.running import Running
from hub.orphans import Orphans

log = structlog.get_logger("hub.housekeeping")


class LeftBehind:
    """The duty. The hub's own list is taken just before each look, in the hub's event loop."""

    def __init__(self, running: Running, store: Store, settings: Settings) -> None:
        self._running = running
        self._orphans = Orphans(settings, store)

    async def end_them(self) -> None:
        """One round."""
        known = self._running.known_slugs()
        if ended := await asyncio.to_thread(self._orphans.end_them, known):
            log.warning("workspace.orphans-ended", count=ended)
