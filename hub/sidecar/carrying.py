"""Carries bytes between two connections until either ends, as fast as the slower one reads."""

from __future__ import annotations

import asyncio
import contextlib
import socket

CHUNK = 256 * 2**10
WATCH_SECONDS = 30  # a peer that has vanished is noticed after about a minute
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def carry(one: Stream, other: Stream) -> None:
    """Both ways. What was read is written out before either is closed; if cancelled, both are broken at once."""
    ways = {asyncio.create_task(_one_way(one[0], other[1])), asyncio.create_task(_one_way(other[0], one[1]))}
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        for _, writer in (one, other):
            writer.transport.abort()
        raise
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    await asyncio.gather(close(one[1]), close(other[1]))


async def close(writer: asyncio.StreamWriter) -> None:
    """Close it; a connection that is broken already is closed too."""
    with contextlib.suppress(OSError, TimeoutError):
        writer.close()
        async with asyncio.timeout(5):
            await writer.wait_closed()


def watch(connection: socket.socket) -> None:
    """Let the kernel find out that the other machine has gone. Both ends of a waiting connection need this."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), WATCH_SECONDS // 2)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def _one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
