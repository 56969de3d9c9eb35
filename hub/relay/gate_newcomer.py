"""A connection to the channel gate that has not said yet whose it is; then it becomes what it came for."""

from __future__ import annotations

import asyncio

from hub.sidecar.carrying import Stream
from hub.sidecar.greeting import LONGEST

MOST_AHEAD = 2**20  # bytes that may arrive behind the greeting before it has been read


class Newcomer(asyncio.Protocol):
    """Waits for one short line and keeps what comes behind it. `line` fails if the connection ends or says too much."""

    def __init__(self) -> None:
        self.line: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is up."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """The line, or part of it, or what is behind it."""
        self._received += data
        if self.line.done():
            if len(self._received) > MOST_AHEAD:
                self.abort()
            return
        end = self._received.find(b"\n", 0, LONGEST)
        if end < 0 and len(self._received) >= LONGEST:
            self._fail()
        elif end >= 0:
            self.line.set_result(bytes(self._received[: end + 1]))
            del self._received[: end + 1]
            if self._transport is not None:
                self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended before anything came of it."""
        del exc
        self._fail()

    def become(self, protocol: asyncio.Protocol) -> None:
        """From now on the connection is this protocol's, beginning with what has arrived already."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._received:
            protocol.data_received(bytes(self._received))
        transport.resume_reading()

    def as_stream(self) -> Stream:
        """The same, as a reader and a writer."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        if self._transport is None:
            raise ConnectionResetError
        writer = asyncio.StreamWriter(self._transport, protocol, reader, loop)
        self.become(protocol)
        return reader, writer

    def abort(self) -> None:
        """End it without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _fail(self) -> None:
        if not self.line.done():
            self.line.set_exception(ConnectionResetError())
            self.line.exception()  # seen: nobody may be waiting any more
