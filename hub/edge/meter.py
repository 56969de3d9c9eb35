"""Counts what passes between browsers and each workspace and keeps the counts in the register. Promise: a restart goes
on from the record, and a crash loses at most what passed since the last one (`RECORD_SECONDS`, or `URGENT_BYTES`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

import structlog

from governance.audit import append_event
from governance.clock import today
from governance.refusal import Refusal
from governance.registry.traffic import ACTOR, Crossed, Passed, add_traffic, out_bytes_of_day
from governance.store import Store
from hub.edge.approval import REGISTER_AWAY
from hub.edge.table import Workspace
from hub.edge.traffic import Traffic

RECORD_SECONDS = 2.0
URGENT_BYTES = 16 * 2**20  # of one workspace, unrecorded: then at once
LEAST_PAUSE_SECONDS = 0.1

log = structlog.get_logger("edge")


class Meter:
    """One Traffic per workspace, from its first request until its route is removed.

    Args:
        store: the register.
        alarm_bytes, cap_bytes: of the settings.
        tell: called in a thread with each limit that was crossed.
    """

    def __init__(
        self, store: Store, *, alarm_bytes: int, cap_bytes: int, tell: Callable[[Crossed], None] = lambda _: None
    ) -> None:
        self._store = store
        self._alarm_bytes, self._cap_bytes = alarm_bytes, cap_bytes
        self._tell = tell
        self._counts: dict[Workspace, Traffic] = {}
        self._opening = asyncio.Lock()
        self._recording = asyncio.Lock()
        self._urgent = asyncio.Event()

    async def of(self, workspace: Workspace) -> Traffic:
        """The running count, read from the register on first use. Raises Refusal `register-away`."""
        if workspace not in self._counts:
            async with self._opening:
                if workspace not in self._counts:
                    self._counts[workspace] = await self._open(workspace)
        return self._counts[workspace]

    def check(self, workspace: Workspace) -> None:
        """Raise Refusal `traffic-cap-reached` if the cap is known to be reached; one that passed nothing yet may."""
        if (traffic := self._counts.get(workspace)) is not None:
            traffic.check()

    async def forget(self, workspace: Workspace) -> None:
        """The workspace has stopped: record what is left, and tell the audit log the whole."""
        traffic = self._counts.get(workspace)
        if traffic is None:
            return
        traffic.close()
        await self.record()
        self._counts.pop(workspace, None)
        if traffic.whole.requests:
            await asyncio.to_thread(self._tell_audit, workspace, traffic)

    async def forget_all(self) -> None:
        """For the end of the edge."""
        for workspace in list(self._counts):
            await self.forget(workspace)

    async def keep(self) -> None:
        """Record again and again, until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._urgent.wait(), RECORD_SECONDS)
            self._urgent.clear()
            await self.record()
            await asyncio.sleep(LEAST_PAUSE_SECONDS)

    async def record(self) -> None:
        """Write what is fresh to the register. What cannot be written is kept, counts, and is written later."""
        async with self._recording:
            taken = {workspace: traffic.take_fresh() for workspace, traffic in self._counts.items() if traffic.fresh}
            if not taken:
                return
            passed = [
                Passed(workspace.subject, workspace.project, day, counts.requests, counts.out_bytes, counts.into_bytes)
                for workspace, days in taken.items()
                for day, counts in days.items()
            ]
            try:
                await asyncio.to_thread(self._write, passed)
            except Exception as error:
                log.error("edge.traffic-not-recorded", error=type(error).__name__)
                for workspace, days in taken.items():
                    self._counts[workspace].put_back(days)

    def _write(self, passed: Iterable[Passed]) -> None:
        crossed = add_traffic(self._store, passed, alarm_bytes=self._alarm_bytes, cap_bytes=self._cap_bytes)
        for one in crossed:
            log.warning(one.event, subject=one.subject, project=one.project, out_bytes=one.out_bytes, limit=one.limit)
            try:
                self._tell(one)
            except Exception as error:  # the record stands; a notice that fails must not undo it
                log.error("edge.notice-failed", error=type(error).__name__)

    async def _open(self, workspace: Workspace) -> Traffic:
        day = today()
        try:
            recorded = await asyncio.to_thread(self._read, workspace)
        except Exception:
            raise REGISTER_AWAY from None
        return Traffic(
            cap_bytes=self._cap_bytes,
            day=day,
            out_bytes=recorded,
            urgent_bytes=min(URGENT_BYTES, self._cap_bytes),
            hurry=self._urgent.set,
        )

    def _read(self, workspace: Workspace) -> int:
        with self._store.reading() as session:
            return out_bytes_of_day(session, workspace.subject, workspace.project, today())

    def _tell_audit(self, workspace: Workspace, traffic: Traffic) -> None:
        whole = traffic.whole
        try:
            with self._store.transaction() as session:
                append_event(
                    session,
                    event="workspace.traffic-counted",
                    actor=ACTOR,
                    project=workspace.project,
                    detail={
                        "subject": workspace.subject,
                        "requests": whole.requests,
                        "out_bytes": whole.out_bytes,
                        "into_bytes": whole.into_bytes,
                    },
                )
        except (Refusal, OSError) as error:
            log.error("edge.traffic-not-told", error=type(error).__name__)
