"""One workspace's side of the channel gate: the same three holes as beside the gateway, and its way in.

Promise: what passes is decided by the very code of the relay (`hub.relay.allowed`, `hub.relay.forwarding`); the channel
is the one the register found for the secret, never one that a connection names.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable

from aiohttp import web

from governance.channels import OpenChannel
from governance.settings import Settings
from hub.names import WorkspacePlaces, places_of
from hub.notices import FILE as NOTICES
from hub.relay.allowed import Hole, holes_of
from hub.relay.forwarding import Forwarder
from hub.relay.pace import Pace
from hub.relay.relay import CLOSE_SECONDS, CONNECTIONS_PACE, KEEP_SECONDS, MOST_CONNECTIONS, SILENT
from hub.sidecar.carrying import Stream, carry
from hub.sidecar.greeting import BEGIN

NEEDED_SECONDS = 10.0  # longest wait of the edge for a sidecar's connection
MOST_WAITING = 64
PRIVATE = 0o700
NOTICE_BYTES = 64 * 2**10


class Outward:
    """One hole: its requests are read and passed on as the relay does."""

    def __init__(self, hole: Hole) -> None:
        self._forwarder = Forwarder(hole)
        self._forwarder.open()
        self.pace = Pace(*CONNECTIONS_PACE)
        self.handler = web.Server(
            self._forwarder.handle,
            access_log=None,
            logger=SILENT,
            handler_cancellation=True,
            keepalive_timeout=KEEP_SECONDS,
            auto_decompress=False,
        )

    @property
    def is_full(self) -> bool:
        """Whether it has as many connections as a workspace may have."""
        return len(self.handler.connections) >= MOST_CONNECTIONS

    async def close(self) -> None:
        """Break what is open."""
        await self.handler.shutdown(CLOSE_SECONDS)
        await self._forwarder.close()


class Inward:
    """The workspace's server as a unix socket of the gateway: where the edge expects it, beside every other."""

    def __init__(self, places: WorkspacePlaces) -> None:
        self._places = places
        self._waiting: deque[Stream] = deque()
        self._arrived = asyncio.Condition()
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def wait(self, stream: Stream) -> None:
        """Keep a sidecar's connection until it is needed; the oldest go when there are too many."""
        if self._closed:  # between being let in and coming here, the channel has ended
            stream[1].transport.abort()
            return
        await self._open()
        while len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()[1].transport.abort()
        self._waiting.append(stream)
        async with self._arrived:
            self._arrived.notify()

    async def _open(self) -> None:
        async with self._opening:
            if self._server is None and not self._closed:
                places = self._places
                for folder in (places.run.parent, places.run, places.server_folder, places.hub_folder):  # and notices
                    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
                self._places.server_socket.unlink(missing_ok=True)
                self._server = await asyncio.start_unix_server(self._answer, str(self._places.server_socket))
                self._places.server_socket.chmod(0o600)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            async with asyncio.timeout(NEEDED_SECONDS):
                outside = await self._take()
            await carry((reader, writer), outside)
        except (TimeoutError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._carrying.discard(task)

    async def _take(self) -> Stream:
        """A waiting connection that still lives, told to begin."""
        while True:
            async with self._arrived:
                await self._arrived.wait_for(lambda: self._waiting)
                stream = self._waiting.popleft()
            reader, writer = stream
            if reader.at_eof() or writer.is_closing():
                writer.transport.abort()
                continue
            with contextlib.suppress(OSError):
                writer.write(BEGIN)
                await writer.drain()
                return stream

    async def close(self) -> None:
        """Stop listening, for good; break what waits and what is carried."""
        self._closed = True
        async with self._opening:
            self._stop_listening()
        for task in self._carrying:
            task.cancel()
        for _, writer in self._waiting:
            writer.transport.abort()
        self._waiting.clear()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._places.server_socket.unlink(missing_ok=True)


class GateRoom:
    """All of one open channel."""

    def __init__(self, settings: Settings, channel: OpenChannel) -> None:
        self.channel = channel
        self.places = places_of(settings.folder, channel.subject, channel.project)
        holes: Iterable[Hole] = holes_of(settings, self.places, subject=channel.subject, channel=channel.id)
        self.outward = {hole.name: Outward(hole) for hole in holes}
        self.inward = Inward(self.places)

    def is_of(self, channel: OpenChannel) -> bool:
        """Whether the other channel is of the same workspace."""
        return (channel.subject, channel.project) == (self.channel.subject, self.channel.project)

    def read_notices(self) -> bytes:
        """What the gateway has to tell the person, as its Lab reads it. Blocking."""
        try:
            return (self.places.hub_folder / NOTICES).read_bytes()[:NOTICE_BYTES]  # no workspace writes to this folder
        except OSError:
            return b""

    async def close(self) -> None:
        """Nothing of the channel is left open."""
        await asyncio.gather(self.inward.close(), *(hole.close() for hole in self.outward.values()))
