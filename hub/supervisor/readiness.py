"""Asks a process whether it works: by HTTP on a unix socket or a port, or by its lock. Cheap, for it is asked often."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from fcntl import LOCK_NB, LOCK_SH, flock
from pathlib import Path

ANSWER_SECONDS = 2.0
SERVER_ERROR = 500
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Ready = Callable[[], Awaitable[bool]]


def on_socket(socket: Path, path: str) -> Ready:
    """Ready when something on the unix socket answers the path with anything but a server error."""

    async def ask() -> bool:
        return await _answers(lambda: asyncio.open_unix_connection(str(socket)), "gateway", path)

    return ask


def on_port(host: str, port: int, path: str, *, tls: bool = False) -> Ready:
    """The same for a TCP port. With TLS the certificate is not looked at: its names are those that browsers type."""
    context = ssl.create_default_context() if tls else None
    if context is not None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def ask() -> bool:
        return await _answers(lambda: asyncio.open_connection(host, port, ssl=context), f"{host}:{port}", path)

    return ask


def accepts(host: str, port: int) -> Ready:
    """Ready when the TCP port takes a connection: for one that says nothing to strangers."""

    async def ask() -> bool:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                _, writer = await asyncio.open_connection(host, port)
                writer.close()
                return True
        return False

    return ask


def is_locked(file: Path) -> Ready:
    """Ready when somebody holds the lock of the file: for a process that has no socket."""

    async def ask() -> bool:
        with suppress(OSError), file.open() as opened:
            try:
                flock(opened, LOCK_SH | LOCK_NB)  # let go at once with the file
            except BlockingIOError:
                return True
        return False

    return ask


async def _answers(connect: Callable[[], Awaitable[Stream]], host: str, path: str) -> bool:
    with suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await connect()
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                return int((await reader.readline()).split()[1]) < SERVER_ERROR
            finally:
                writer.close()
    return False
