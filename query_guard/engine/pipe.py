"""Frames to and from a worker, each exchange under one deadline. No thread is needed to watch the clock."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterable

from query_guard.engine.worker import FRAME

CHUNK = 2**20


class FramePipe:
    """Two descriptors of a child process, made non-blocking. Their owner closes them."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers = requests, answers
        for descriptor in (requests, answers):
            os.set_blocking(descriptor, False)
        self._writable, self._readable = select.poll(), select.poll()
        self._writable.register(requests, select.POLLOUT)
        self._readable.register(answers, select.POLLIN)

    def exchange(self, frames: Iterable[tuple[bytes, bytes]], seconds: float, most: int) -> tuple[bytes, bytes]:
        """Send frames and read one back: (kind, payload).

        Raises TimeoutError after `seconds`, EOFError or OSError if the other side is gone, ValueError for an answer
        longer than `most` bytes.
        """
        deadline = time.monotonic() + seconds
        self._send(
            b"".join(part for kind, payload in frames for part in (FRAME.pack(kind, len(payload)), payload)), deadline
        )
        kind, length = FRAME.unpack(self._receive(FRAME.size, deadline))
        if length > most:
            raise ValueError("a frame is too long")
        return kind, self._receive(length, deadline)

    def _send(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(self._writable, deadline)
            rest = rest[os.write(self._requests, rest) :]

    def _receive(self, length: int, deadline: float) -> bytes:
        parts: list[bytes] = []
        while length:
            self._wait(self._readable, deadline)
            part = os.read(self._answers, min(length, CHUNK))
            if not part:
                raise EOFError
            parts.append(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _wait(self, poll: select.poll, deadline: float) -> None:
        """Until the descriptor can be used, or has been hung up (the next call then says so)."""
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
