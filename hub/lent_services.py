"""Guard and airlock for a command-line run: the gateway's own if it is up, else started for as long as they are needed.

Promise: two runs at once share what the first has started, and it is stopped when the last of them has ended.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from governance.refusal import Refusal
from governance.settings import Settings
from hub.services import AIRLOCK, GUARD
from hub.supervisor.child import Child
from hub.supervisor.logs import turn_over
from hub.supervisor.programs import gateway_programs

NEEDED = (GUARD.name, AIRLOCK.name)
START_SECONDS = 60.0


@asynccontextmanager
async def services_for_a_run(settings: Settings) -> AsyncIterator[None]:
    """Guard and airlock answer inside the block. Raises Refusal `service-did-not-start`."""
    children: list[Child] = []
    users = _open(settings.folder.run / "services.lock")
    starting = _open(settings.folder.run / "services-start.lock")
    try:
        await _lock(users, fcntl.LOCK_SH)
        await _lock(starting, fcntl.LOCK_EX)
        try:
            await _start_missing(settings, children)
        finally:
            fcntl.flock(starting, fcntl.LOCK_UN)
        yield
        if children:
            await _lock(users, fcntl.LOCK_EX)  # other runs use them: wait for these
    finally:
        await asyncio.gather(*(child.stop() for child in children))
        os.close(users)
        os.close(starting)


async def _start_missing(settings: Settings, children: list[Child]) -> None:
    needed = [program for program in gateway_programs(settings) if program.name in NEEDED]
    answering = await asyncio.gather(*(program.is_ready() for program in needed))
    for program, answers in zip(needed, answering, strict=True):
        if not answers:
            turn_over(program.log)
            children.append(await Child.start(program))
    await asyncio.gather(*(_wait_ready(child) for child in children))


async def _wait_ready(child: Child) -> None:
    try:
        answers = await asyncio.wait_for(child.wait_ready(), START_SECONDS)
    except TimeoutError:
        answers = False
    if not answers:
        name, log = child.program.name, child.program.log
        raise Refusal("service-did-not-start", f"{name} did not start.", f"See {log}.")


def _open(file: Path) -> int:
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


async def _lock(descriptor: int, how: int) -> None:
    await asyncio.to_thread(fcntl.flock, descriptor, how)
