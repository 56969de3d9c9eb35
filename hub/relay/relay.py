"""Listens on the three sockets of one workspace for as long as it lives. Promise: only that workspace sees these
sockets, so whoever speaks there speaks for its channel and no other; and it cannot exhaust its host by connecting."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from pathlib import Path

from aiohttp import web

from governance.settings import Settings
from hub.names import WorkspacePlaces
from hub.ownership import give
from hub.relay.allowed import Hole, holes_of
from hub.relay.forwarding import Forwarder
from hub.relay.pace import Pace

MOST_CONNECTIONS = 64  # at once, for each of the three sockets
KEEP_SECONDS = 15.0
CLOSE_SECONDS = 0.5
PAUSE_SECONDS = 0.2
CONNECTIONS_PACE = (40.0, 400)  # a second in the long run, and at once
#: aiohttp writes a stack trace for each request that is no HTTP, and for each caller that hangs up. A workspace could
#: fill the gateway's disk with them.
SILENT = logging.getLogger("hub.relay.connections")
SILENT.setLevel(logging.CRITICAL + 1)


class WorkspaceRelay:
    """The relay of one workspace. Open and close it in the event loop of the process that owns the workspace."""

    def __init__(self, settings: Settings, places: WorkspacePlaces, *, subject: str, channel: str, uid: int) -> None:
        self.channel = channel
        self._uid = uid
        self._listeners = [_Listener(hole) for hole in holes_of(settings, places, subject=subject, channel=channel)]

    async def open(self) -> None:
        """Listen. A socket left by an earlier process is replaced."""
        for listener in self._listeners:
            await listener.open(self._uid)

    async def close(self) -> None:
        """Stop listening and break what is open. Closing twice is harmless."""
        await asyncio.gather(*(listener.close() for listener in self._listeners))


class _Listener:
    """One hole. It accepts connections one by one itself: asyncio's servers accept a whole queue before any counts."""

    def __init__(self, hole: Hole) -> None:
        self._hole = hole
        self._forwarder = Forwarder(hole)
        self._accepting: asyncio.Task[None] | None = None
        self._handler: web.Server | None = None

    async def open(self, uid: int) -> None:
        self._forwarder.open()
        # A request whose caller has gone is not carried on with: handler_cancellation.
        self._handler = web.Server(
            self._forwarder.handle,
            access_log=None,
            logger=SILENT,
            handler_cancellation=True,
            keepalive_timeout=KEEP_SECONDS,
            auto_decompress=False,  # what a service cannot read it refuses; a few bytes must not become megabytes here
        )
        listening = _listen(self._hole.listens, uid)
        self._accepting = asyncio.create_task(_accept(listening, self._handler))

    async def close(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
            self._accepting = None
            self._hole.listens.unlink(missing_ok=True)
        if self._handler is not None:
            await self._handler.shutdown(CLOSE_SECONDS)
        await self._forwarder.close()


def _listen(path: Path, uid: int) -> socket.socket:
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.setblocking(False)
    listening.bind(str(path))
    path.chmod(0o600)
    give(path, uid)
    listening.listen(MOST_CONNECTIONS)
    return listening


async def _accept(listening: socket.socket, handler: web.Server) -> None:
    """Hand each connection to the handler; drop it while too many are open."""
    loop, pace = asyncio.get_running_loop(), Pace(*CONNECTIONS_PACE)
    with listening:
        while True:
            await pace.turn()
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError:  # the process is short of descriptors: the queue can wait
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if len(handler.connections) >= MOST_CONNECTIONS:
                connection.close()
                continue
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(handler, connection)
