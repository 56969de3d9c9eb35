"""Does each periodic duty again and again, each in a task of its own, until the hub ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from governance.registry.configuration import note_settings
from governance.settings import Settings
from governance.store import open_store
from hub.housekeeping.approvals import EndedApprovals
from hub.housekeeping.closing import ClosedProjects
from hub.housekeeping.disk_use import DiskUse
from hub.housekeeping.forwarding import Forwarding
from hub.housekeeping.idling import IdleWorkspaces
from hub.housekeeping.left_behind import LeftBehind
from hub.housekeeping.log_size import LogSize
from hub.housekeeping.monitoring import LONGEST_VERIFICATION, Monitoring
from hub.housekeeping.running import Running
from hub.housekeeping.sign_outs import SignOuts
from hub.housekeeping.signed_days import SignedDays

APPROVAL_SECONDS = 2.0
SIGN_OUT_SECONDS = 1.0
IDLE_SECONDS = 5.0
DISK_SECONDS = 10.0
CLOSING_SECONDS = 20.0
LONGEST_ARCHIVING = 6 * 3600.0
ORPHAN_SECONDS = 15.0
LOG_SECONDS = 3.0
DAY_SECONDS = 60.0
MONITORING_SECONDS = 20.0
SYSLOG_SECONDS = 5.0
LONGEST_ROUND = 60.0  # a round that hangs is given up, logged and begun again

log = structlog.get_logger("hub.housekeeping")


@dataclass(frozen=True)
class Duty:
    """One thing to look after: what one round does, the pause between two rounds, and when a round is given up (by
    default after LONGEST_ROUND)."""

    name: str
    every_seconds: float
    round: Callable[[], Awaitable[None]]
    longest: float | None = None


class Rounds:
    """The duties at work. `end` stops them."""

    def __init__(self, duties: Iterable[Duty]) -> None:
        self._tasks = [asyncio.create_task(_repeat(duty), name=duty.name) for duty in duties]

    async def end(self) -> None:
        """Stop them all, in whatever they are; ending twice is harmless."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def begin(app: Any, settings: Settings) -> Rounds:
    """Begin every duty, in the event loop of the hub.

    Args:
        app: the running JupyterHub application.
        settings: the gateway's settings.
    """
    store, running = open_store(settings), Running(app)
    monitoring = Monitoring(store, settings)
    closed = ClosedProjects(running, store, settings)
    note_settings(store, settings)
    return Rounds(
        [
            Duty("approvals", APPROVAL_SECONDS, EndedApprovals(running, store).end_them),
            Duty("sign-outs", SIGN_OUT_SECONDS, SignOuts(app, store).forget_them),
            Duty("idle-workspaces", IDLE_SECONDS, IdleWorkspaces(running, store, settings).look_at_them),
            Duty("orphans", ORPHAN_SECONDS, LeftBehind(running, store, settings).end_them),
            Duty("logs", LOG_SECONDS, LogSize(settings).look_at_them),
            Duty("signed-days", DAY_SECONDS, SignedDays(store).sign_them),
            Duty("syslog", SYSLOG_SECONDS, Forwarding(store, settings).send_them),
            Duty("monitoring", MONITORING_SECONDS, monitoring.look),
            Duty("verification", DAY_SECONDS, monitoring.verify, LONGEST_VERIFICATION),
            Duty("closing", CLOSING_SECONDS, closed.archive_them, LONGEST_ARCHIVING),
            Duty("disk", DISK_SECONDS, DiskUse(running, store, settings).look_at_them),
        ]
    )


async def _repeat(duty: Duty) -> None:
    while True:
        try:
            async with asyncio.timeout(duty.longest or LONGEST_ROUND):
                await duty.round()
        except Exception as error:
            log.error("housekeeping.failed", duty=duty.name, error=type(error).__name__)
        await asyncio.sleep(duty.every_seconds)
