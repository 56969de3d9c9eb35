"""The sockets in the folder that sidecar and workspace share: three to speak through, one that hands over a fourth."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from hub.sidecar.carrying import Stream

BACKLOG = 128
MOST_CONNECTIONS = 64  # at once, for each socket; the gate allows no more either
#: Below the shared folder. The sandbox mounts the first two folders at /run/hub and /run/guard; images link them there.
HOLE_FILES = {"hub": Path("hub/hub.sock"), "guard": Path("guard/guard.sock"), "airlock": Path("guard/airlock.sock")}
HANDING_FILE = Path("server/listening.sock")

Serve = Callable[[Stream], Awaitable[None]]


def listen(path: Path) -> socket.socket:
    """A listening socket that another user number may connect to: only the workspace sees the folder."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.setblocking(False)
    listening.bind(str(path))
    path.chmod(0o666)
    listening.listen(BACKLOG)
    return listening


async def serve(path: Path, answer: Serve) -> asyncio.Server:
    """Answer each connection; those beyond `MOST_CONNECTIONS` are dropped."""
    open_now = 0

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now
        if open_now >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        open_now += 1
        try:
            await answer((reader, writer))
        finally:
            open_now -= 1
            with contextlib.suppress(OSError):
                writer.close()

    return await asyncio.start_unix_server(answer_one, sock=listen(path))


async def hand_over(path: Path, handed: socket.socket) -> None:
    """Give the listening socket to whoever asks, for ever. Only the workspace can ask.

    The workspace's server listens on a socket that it was given, so no path of that socket is in the shared folder and
    nothing can be put in its place (docs/decisions/inherited-listening-socket.md).
    """
    loop = asyncio.get_running_loop()
    with listen(path) as listening:
        while True:
            asking, _ = await loop.sock_accept(listening)
            with asking, contextlib.suppress(OSError):
                asking.setblocking(False)
                socket.send_fds(asking, [b"."], [handed.fileno()])
