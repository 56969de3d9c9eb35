"""Runs the gateway: all processes at once, each watched and started again when it falls, all stopped together."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from governance.refusal import Refusal
from governance.settings import Settings
from hub.supervisor.child import Child, Program
from hub.supervisor.logs import last_lines, turn_over
from hub.supervisor.night import search_each_night
from hub.supervisor.programs import gateway_programs
from hub.supervisor.workspaces import stop_workspaces

START_SECONDS = 60.0
LINES_SHOWN = 15
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
STEADY_SECONDS = 60.0  # having run so long, a process starts again without delay

Tell = Callable[[str], None]


class Supervisor:
    """One run of the gateway. `tell` shows a line to the operator."""

    def __init__(self, settings: Settings, tell: Tell) -> None:
        self._settings = settings
        self._tell = tell
        self._children: dict[str, Child] = {}
        self._stopping = asyncio.Event()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Start, call `on_ready`, watch until SIGINT or SIGTERM, stop. Raises Refusal `service-did-not-start`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopping.set)
        try:
            if await self._start_all():
                on_ready()
                await self._watch_all()
        finally:
            await self._stop_all()

    async def _start_all(self) -> bool:
        """True once every process answers; False if the operator stopped it before."""
        for program in gateway_programs(self._settings):
            turn_over(program.log)
            self._children[program.name] = await Child.start(program)
        waiting = set(self._children)
        ready = asyncio.gather(*(self._wait_ready(child, waiting) for child in self._children.values()))
        stopped = asyncio.create_task(self._stopping.wait())
        waited: set[asyncio.Future[Any]] = {ready, stopped}
        await asyncio.wait(waited, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if ready.done():
            ready.result()
            return True
        ready.cancel()
        if self._stopping.is_set():
            return False
        raise _did_not_start(self._children[min(waiting)].program)

    async def _wait_ready(self, child: Child, waiting: set[str]) -> None:
        if not await child.wait_ready():
            raise _did_not_start(child.program)
        waiting.discard(child.program.name)

    async def _watch_all(self) -> None:
        watches = [asyncio.create_task(self._watch(child)) for child in self._children.values()]
        watches.append(asyncio.create_task(search_each_night(self._settings, self._tell)))
        await self._stopping.wait()
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)

    async def _watch(self, child: Child) -> None:
        """Start the process again whenever it ends, more slowly the sooner it falls."""
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            status = await child.process.wait()
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            name = child.program.name
            self._tell(f"{name} ended (status {status}); starting it again in {pause:.0f} s. Log: {child.program.log}")
            await child.stop(grace=0.0)  # what is left of its group
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
            child = self._children[name] = await Child.start(child.program)
            if await child.wait_ready():
                self._tell(f"{name} answers again")

    async def _stop_all(self) -> None:
        if not self._children:
            return
        self._tell("stopping")
        if self._children["hub"].is_running:
            stopped = await asyncio.to_thread(stop_workspaces, self._settings)
            if stopped:
                self._tell(f"{stopped} workspace{'s' * (stopped > 1)} closed")
        await asyncio.gather(*(child.stop() for child in self._children.values()))


def check_port_free(settings: Settings) -> None:
    """Raise Refusal `port-in-use` naming the port, before anything is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise Refusal(
                "port-in-use", f"Port {settings.port} of {settings.host} is taken or not allowed.",
                "Stop what uses it, or choose another with SDE_PORT.",
            ) from None  # fmt: skip


def _did_not_start(program: Program) -> Refusal:
    lines = last_lines(program.log, LINES_SHOWN)
    return Refusal(
        "service-did-not-start",
        f"{program.name} did not start.",
        f"The end of {program.log}:\n  " + "\n  ".join(lines or ["(nothing)"]),
    )
