"""One process of the gateway: started in a group of its own, its output in its own log, stopped with its children."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hub.supervisor.logs import open_log
from hub.supervisor.readiness import Ready

STOP_SECONDS = 10.0
ASK_AGAIN_SECONDS = 0.1
PR_SET_PDEATHSIG = 1  # prctl(2)
MOST_FILES = 65_536  # where the machine sets no limit
LIBC = ctypes.CDLL(None)  # looked up here: a process between fork and exec should load nothing


@dataclass(frozen=True)
class Program:
    """What to start, and how to know that it works.

    Attributes:
        name: of the process and of its log.
        arguments: the command; never holds a secret.
        environment: all of it; secrets travel here.
        is_ready: asks the process itself whether it answers.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    log: Path
    is_ready: Ready


class Child:
    """A running Program."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process) -> None:
        self.program = program
        self.process = process

    @classmethod
    async def start(cls, program: Program) -> Child:
        """Start it. The kernel stops it if this process dies without doing so."""
        with open_log(program.log) as log:
            process = await asyncio.create_subprocess_exec(
                *program.arguments,
                env=dict(program.environment),
                cwd=program.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_prepare,
            )
        return cls(program, process)

    @property
    def is_running(self) -> bool:
        """Whether the process itself is there."""
        return self.process.returncode is None

    async def wait_ready(self) -> bool:
        """Wait until it answers; False if it ended before."""
        while self.is_running:
            if await self.program.is_ready():
                return True
            await asyncio.sleep(ASK_AGAIN_SECONDS)
        return False

    async def stop(self, grace: float = STOP_SECONDS) -> None:
        """Ask the whole group to end, then make it end."""
        self._signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), grace)
        self._signal(signal.SIGKILL)  # whatever of the group is left
        await self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def _prepare() -> None:
    """End with the parent; open as many files as the machine allows: a workspace may hold hundreds of connections."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most if most != resource.RLIM_INFINITY else MOST_FILES, most))
