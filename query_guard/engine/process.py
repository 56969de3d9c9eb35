"""One worker as its parent sees it: started confined, asked over a pipe, killed when it takes too long.

Promise: whatever happens inside, the caller gets a table or one of the constant error kinds, in bounded time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from governance.confinement.seccomp import NO_SOCKETS, build_filter, filter_descriptor
from query_guard.engine.limits import EngineLimits
from query_guard.engine.pipe import FramePipe
from query_guard.engine.sandbox import sandbox_command
from query_guard.engine.worker import (
    ANSWER,
    ERROR_KINDS,
    FAILED,
    QUERY,
    READY,
    START,
    TABLE,
)

START_SECONDS = 20.0
READY_BYTES = 64 * 1024
FRAME_OVERHEAD = 2**20  # an Arrow stream's own words beside its batches


class EngineFailure(Exception):  # noqa: N818  (the word the rest of the guard uses)
    """A query did not answer. `kind` is one of ERROR_KINDS, or `killed` when the worker had to be killed."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class EngineUnavailable(Exception):  # noqa: N818
    """A worker could not be started: no sandbox on this machine, or its lock does not hold."""


class EngineProcess:
    """One confined worker. Not thread-safe: whoever holds it asks it one query at a time.

    Attributes:
        database: the extract it reads, or None.
        settings: the lock as it read back, once ready.
    """

    def __init__(self, database: Path | None, limits: EngineLimits) -> None:
        """Start the process; returns before it is ready. The calling thread must outlive the worker: the kernel kills
        a `--die-with-parent` child when the *thread* that made it ends.

        Raises Refusal `no-bubblewrap`, `no-seccomp`; EngineUnavailable.
        """
        self.database = database
        self.limits = limits
        self.settings: dict[str, str] = {}
        self._killed = False
        descriptor = filter_descriptor(build_filter(sockets=NO_SOCKETS))
        try:
            self._process = subprocess.Popen(
                sandbox_command(database, descriptor),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                stderr=subprocess.DEVNULL,  # what DuckDB or Python would say there could hold a value
                env={},
                pass_fds=(descriptor,),
                start_new_session=True,
            )
        except OSError as error:
            raise EngineUnavailable(type(error).__name__) from None
        finally:
            os.close(descriptor)
        self._pipe = FramePipe(*(stream.fileno() for stream in self._streams()))

    def wait_until_ready(self) -> None:
        """Hand over the limits and wait for the lock to be verified. Raises EngineUnavailable."""
        start = {
            "database": self.database is not None,
            "memory_bytes": self.limits.memory_bytes,
            "seconds": self.limits.seconds,
            "threads": self.limits.threads if self.database is not None else 1,  # protected tables are small
        }
        try:
            kind, payload = self._exchange([(START, json.dumps(start).encode())], START_SECONDS, READY_BYTES)
        except EngineFailure:
            raise EngineUnavailable("the worker did not start") from None
        if kind != READY:
            self.kill()
            raise EngineUnavailable("the worker did not report ready")
        self.settings = json.loads(payload)

    def ask(self, sql: str, tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """Execute one approved text.

        Args:
            sql: what the policy generated and the cross-check allowed.
            tables: named tables for this query alone (the engine without data).

        Raises EngineFailure. After kinds `killed`, `fatal` and `memory` the worker must not be used again.
        """
        tables = tables or {}
        most = self.limits.answer_bytes
        request = {"sql": sql, "names": list(tables), "rows": self.limits.rows, "bytes": most}
        frames = [(QUERY, json.dumps(request).encode())]
        frames += [(TABLE, _as_stream(table)) for table in tables.values()]
        kind, payload = self._exchange(frames, self.limits.seconds, most + FRAME_OVERHEAD)
        if kind == ANSWER:
            try:
                return pa.ipc.open_stream(payload).read_all()
            except (pa.ArrowException, OSError):
                self.kill()
                raise EngineFailure("fatal") from None
        said = payload.decode("ascii", "replace")
        raise EngineFailure(said if kind == FAILED and said in ERROR_KINDS else "fatal")

    def _exchange(self, frames: list[tuple[bytes, bytes]], seconds: float, most: int) -> tuple[bytes, bytes]:
        """Send frames and read one back. A worker that takes too long, dies or talks nonsense is killed."""
        try:
            return self._pipe.exchange(frames, seconds, most)
        except (EOFError, OSError, ValueError):  # TimeoutError is an OSError
            self.kill()
            raise EngineFailure("killed") from None

    @property
    def is_alive(self) -> bool:
        """Whether it may be asked again."""
        return not self._killed and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to bubblewrap, and through --die-with-parent and the pid namespace to everything inside."""
        self._killed = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in self._streams():
            stream.close()

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        """The worker's standard input and output, as we made them."""
        return cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(self, *_: Any) -> None:
        self.kill()


def _as_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))
