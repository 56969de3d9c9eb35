"""Listens on the TCP port and hands connections to the HTTP server, through TLS if there is a certificate. Promise: no
number of connections, and no client that does not finish its handshake, takes the port away from the others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from ipaddress import ip_address

from aiohttp import web

from hub.addresses import Network
from hub.edge.sign_in_limit import network_of
from hub.edge.tls import Tls

MOST_CONNECTIONS = 4096
MOST_OF_ONE_CLIENT = 512  # counted once so many are open at all; proxies and this machine have no such limit
MOST_HANDSHAKES = 256
HANDSHAKE_SECONDS = 10.0
PAUSE_SECONDS = 0.2
TLS_HANDSHAKE = b"\x16"  # the first byte of every TLS connection
KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))
SPOKE_PLAIN = (
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {size}\r\n"
    "Connection: close\r\nServer: sde-gateway\r\n\r\n{text}"
)


class Listener:
    """One port. `plain_text` is said to a client that speaks plain HTTP to a TLS port."""

    def __init__(self, server: web.Server, tls: Tls | None, trusted: Iterable[Network], plain_text: str) -> None:
        self._server = server
        self._tls = tls
        self._trusted = tuple(trusted)
        self._plain = SPOKE_PLAIN.format(size=len(plain_text.encode()), text=plain_text).encode()
        self._accepting: list[asyncio.Task[None]] = []
        self._greeting: dict[asyncio.Task[None], None] = {}  # in the order in which they came

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError if the port is taken."""
        self._accepting = [asyncio.create_task(self._accept(one)) for one in await _listen(host, port)]
        if self._tls is not None:
            self._accepting.append(asyncio.create_task(self._tls.watch()))

    async def stop(self) -> None:
        """Take no more connections; the server closes those it has."""
        tasks = [*self._accepting, *self._greeting]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                try:
                    connection, address = await loop.sock_accept(listening)
                except OSError:  # short of descriptors: the queue can wait
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                self._take(connection, address[0])

    def _take(self, connection: socket.socket, address: str) -> None:
        if self._is_too_many(address):
            connection.close()
            return
        if len(self._greeting) >= MOST_HANDSHAKES:
            next(iter(self._greeting)).cancel()  # the slowest makes room
        greeting = asyncio.create_task(self._greet(connection))
        self._greeting[greeting] = None
        greeting.add_done_callback(lambda done: self._greeting.pop(done, None))

    async def _greet(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            for option, value in KEEPALIVE:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
            if self._tls is None:
                await loop.connect_accepted_socket(self._server, connection)
                return
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                first = await _peek(connection)
            if first == TLS_HANDSHAKE:
                await loop.connect_accepted_socket(
                    self._server,
                    connection,
                    ssl=self._tls.context,
                    ssl_handshake_timeout=HANDSHAKE_SECONDS,
                )
                return
            if first:
                await self._say_plainly(connection)
            connection.close()
        except (OSError, TimeoutError):
            connection.close()
        except BaseException:
            connection.close()
            raise

    async def _say_plainly(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            await loop.sock_recv(connection, 16 * 1024)
            await loop.sock_sendall(connection, self._plain)
            connection.shutdown(socket.SHUT_WR)
            while await loop.sock_recv(connection, 16 * 1024):  # unread bytes would take the answer with them
                pass

    def _is_too_many(self, address: str) -> bool:
        open_ones = self._server.connections
        if len(open_ones) + len(self._greeting) >= MOST_CONNECTIONS:
            return True
        if len(open_ones) < MOST_OF_ONE_CLIENT or self._has_no_limit(address):
            return False
        client = network_of(address)
        return sum(network_of(_address_of(one)) == client for one in open_ones) >= MOST_OF_ONE_CLIENT

    def _has_no_limit(self, address: str) -> bool:
        number = ip_address(address.partition("%")[0])  # the kernel's own writing
        return number.is_loopback or any(number in network for network in self._trusted)


async def _listen(host: str, port: int) -> list[socket.socket]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            opened.append(one)
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
            one.listen(MOST_HANDSHAKES)
    except OSError:
        for one in opened:
            one.close()
        raise
    return opened


async def _peek(connection: socket.socket) -> bytes:
    """The first byte, left where it is; empty if the client went away."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    connection.setblocking(False)
    loop.add_reader(connection.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection.fileno())
    with contextlib.suppress(BlockingIOError):
        return connection.recv(1, socket.MSG_PEEK)
    return b""


def _address_of(handler: object) -> str:
    peer = getattr(handler, "peername", None)
    return str(peer[0]) if isinstance(peer, tuple) else ""
