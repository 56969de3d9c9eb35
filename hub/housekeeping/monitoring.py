"""Looks at the audit chain: by the monitoring's rules at what came since the last look, once a day whether it holds.

The chain is verified by a process of its own with the lowest priority: a chain of years keeps a processor busy.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import date
from pathlib import Path

import structlog

from governance.clock import now, today
from governance.monitoring import CHAIN_BROKEN, evaluate, raise_alarm
from governance.settings import Settings
from governance.store import Store

log = structlog.get_logger("hub.housekeeping")
VERIFICATION = ("nice", "-n", "19", str(Path(sys.executable).parent / "sde"), "audit", "verify")
LONGEST_VERIFICATION = 6 * 3600.0  # seconds
HOLDS = 0


class Monitoring:
    """Two duties: one round of the rules, and the daily verification."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._verified_on: date | None = None

    async def look(self) -> None:
        """One round of the rules."""
        for number in await asyncio.to_thread(evaluate, self._store, self._settings):
            log.warning("monitoring.alarm", alarm=number)

    async def verify(self) -> None:
        """Once a day, and once after each start."""
        day = today()
        if self._verified_on == day:
            return
        process = await asyncio.create_subprocess_exec(
            *VERIFICATION,
            env={**os.environ, "SDE_STATE": str(self._settings.folder.root)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            code = await asyncio.wait_for(process.wait(), LONGEST_VERIFICATION)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        self._verified_on = day
        if code != HOLDS:  # broken, or it could not be verified, which is no better
            await asyncio.to_thread(self._raise_broken)

    def _raise_broken(self) -> None:
        log.error("audit.chain-broken")
        with self._store.transaction() as session:
            raise_alarm(session, CHAIN_BROKEN, "chain", now())
