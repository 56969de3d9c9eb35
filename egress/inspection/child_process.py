"""One locked child process: started in a sandbox without network or files, asked over pipes, killed when it is late."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import egress
import governance
from egress.inspection.messages import LENGTH
from governance.confinement.bubblewrap import BASE_ARGUMENTS, find_bwrap, preflight
from governance.refusal import Refusal

PIPE_BYTES = 2**16
SECONDS_TO_END = 2.0
PATIENCE = 6
#: Programs and libraries that the interpreter itself needs; each one read-only, and only if it is there.
SYSTEM_PATHS = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives")
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    "JUPYTER_NO_CONFIG": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",  # a locked child may start no thread
}


@cache
def is_sandboxed() -> bool:
    """True if children run under bubblewrap; False means limits and the system call filter alone (see `sde doctor`)."""
    try:
        preflight()
    except Refusal:
        return False
    return True


def _command(way: str, seconds: float) -> list[str]:
    python = [sys.executable, "-I", "-B", "-m", "egress.inspection.child", way, str(seconds)]
    if not is_sandboxed():
        return python
    packages = [str(Path(module.__file__ or "").parent) for module in (egress, governance)]
    places = dict.fromkeys((*SYSTEM_PATHS, sys.base_prefix, sys.prefix, *packages))
    binds = [word for place in places for word in ("--ro-bind-try", place, place)]
    devices = ["--proc", "/proc", "--dev", "/dev", "--chdir", "/"]
    return [str(find_bwrap()), *BASE_ARGUMENTS, "--die-with-parent", "--new-session", *binds, *devices, "--", *python]


class ChildProcess:
    """A child that answers one question after another; a new one is started after one that failed.

    An answer may take so many seconds of the processor. The clock only ends what waits for ever: it gives PATIENCE
    times as long, so that no file fails for what else an overloaded machine has to do.
    """

    def __init__(self, way: str, seconds: float) -> None:
        """Args: way: what it is to answer, one of `egress.inspection.child.WAYS`. seconds: of the processor, each."""
        self._way, self._seconds = way, seconds
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def ask(self, question: bytes, longest: int) -> bytes | None:
        """The child's answer, or None if it crashed, was late, or said more than `longest` bytes."""
        try:
            running = self._running = self._running or self._start()
            answer = _exchange(running, question, time.monotonic() + PATIENCE * self._seconds, longest)
        except OSError:
            answer = None
        if answer is None:
            self.end()
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        running = subprocess.Popen(
            _command(self._way, self._seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
            close_fds=True,
        )
        assert running.stdin is not None and running.stdout is not None
        os.set_blocking(running.stdin.fileno(), False)
        os.set_blocking(running.stdout.fileno(), False)
        return running

    def end(self) -> None:
        """Kill the child, if it runs; the next question starts a new one."""
        running, self._running = self._running, None
        if running is None:
            return
        running.kill()
        assert running.stdin is not None and running.stdout is not None
        with suppress(OSError):
            running.stdin.close()
        running.stdout.close()
        with suppress(subprocess.TimeoutExpired):  # it is killed already; nobody waits for its burial
            running.wait(SECONDS_TO_END)


def _exchange(running: subprocess.Popen[bytes], question: bytes, deadline: float, longest: int) -> bytes | None:
    """Write the question and read the answer as the pipes allow, neither waiting for ever for the other."""
    assert running.stdin is not None and running.stdout is not None
    writing, reading = running.stdin.fileno(), running.stdout.fileno()
    left, told = memoryview(question), bytearray()
    with selectors.DefaultSelector() as waiting:
        waiting.register(writing, selectors.EVENT_WRITE)
        waiting.register(reading, selectors.EVENT_READ)
        while (remaining := deadline - time.monotonic()) > 0:
            for key, _ in waiting.select(remaining):
                if key.fd == writing:
                    left = left[os.write(writing, left[:PIPE_BYTES]) :]
                    if not left:
                        waiting.unregister(writing)
                elif not (heard := os.read(reading, PIPE_BYTES)):
                    return None
                else:
                    told += heard
            if len(told) >= LENGTH.size:
                size = LENGTH.unpack_from(told)[0]
                if size > longest:
                    return None
                if len(told) >= LENGTH.size + size:
                    return bytes(told[LENGTH.size : LENGTH.size + size])
    return None
