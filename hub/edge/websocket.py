"""Bridges a WebSocket between a browser and a workspace: bytes pass as they come, read only as far as frame headers.
Promise: a browser that does not read, or a workspace that does not stop, fills none of the edge's memory."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web

from governance.refusal import Refusal
from hub.edge.forward import EdgeAddress
from hub.edge.frames import BadFrame, Frames, close_frame
from hub.edge.handshake import Handshake, Upstream, connect, read_handshake
from hub.edge.headers import EVERYWHERE
from hub.edge.table import Route
from hub.edge.traffic import Traffic, head_bytes

MESSAGE_BYTES = 64 * 2**20  # a notebook's largest output in one message; passed on piece by piece
CHUNK_BYTES = 64 * 1024
MOST_FRAMES = 4000  # in one second and in one read; a kernel that prints without end sends a quarter
STALL_SECONDS = 60.0  # a browser that takes nothing for so long is gone
CLOSE_SECONDS = 2.0
ENDED = 1008  # RFC 6455: policy violation

log = structlog.get_logger("edge")


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the request asks to become a WebSocket."""
    return request.headers.get("Upgrade", "").strip().lower() == "websocket"


async def forward_websocket(
    request: web.BaseRequest, route: Route, address: EdgeAddress, traffic: Traffic, ending: asyncio.Future[Refusal]
) -> web.StreamResponse:
    """Connect to the workspace first, then accept the browser with the sub-protocol the workspace chose. Lasts until
    one side closes or `ending` says why it must.

    Raises Refusal `bad-handshake`, `not-running`, or `edge-failed` when the workspace declines the handshake.
    """
    handshake = read_handshake(request)
    upstream = await connect(request, handshake, route.socket, address)
    try:
        answer = _Switched(handshake, upstream.protocol)
        traffic.out(head_bytes(answer.headers))
        await answer.prepare(request)
        try:
            await _Bridge(request, upstream, traffic, ending).run()
        except Exception as error:  # what follows is no longer HTTP: no page may be written there
            log.error("edge.websocket-failed", error=type(error).__name__)
            if request.transport is not None:
                request.transport.abort()
    finally:
        upstream.writer.transport.abort()
    return answer


class _Switched(web.StreamResponse):
    """The answer 101; what follows it is not HTTP, so there is no end to write."""

    def __init__(self, handshake: Handshake, protocol: str) -> None:
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": handshake.accept}
        headers["Server"] = EVERYWHERE["Server"]
        if protocol:
            headers["Sec-WebSocket-Protocol"] = protocol
        super().__init__(status=HTTPStatus.SWITCHING_PROTOCOLS, headers=headers)
        self._length_check = False
        self.force_close()

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing."""
        del data
        self._eof_sent = True


class _Bridge:
    """Two directions: `_pump` reads the workspace; aiohttp hands what comes from the browser to `feed_data`."""

    def __init__(
        self, request: web.BaseRequest, upstream: Upstream, traffic: Traffic, ending: asyncio.Future[Refusal]
    ) -> None:
        assert request.transport is not None
        self._browser: asyncio.Transport = request.transport
        self._protocol: Any = request.protocol  # aiohttp's, whose flow control is shared with its own WebSockets
        self._reader, self._writer = upstream.reader, upstream.writer
        self._traffic = traffic
        self._ending = ending
        self._gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._out = Frames(masked=False, most_bytes=MESSAGE_BYTES, most_at_once=MOST_FRAMES)
        self._into = Frames(masked=True, most_bytes=MESSAGE_BYTES, most_at_once=MOST_FRAMES)
        self._draining: asyncio.Task[None] | None = None
        self._second = time.monotonic()
        self._passed = 0

    async def run(self) -> None:
        """Until one side closes, breaks the rules, or the edge ends it."""
        self._protocol.set_parser(self)
        pump = asyncio.create_task(self._pump())
        try:
            waited: set[asyncio.Future[Any]] = {pump, self._gone, self._ending}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            self._close(self._why(pump))
        finally:
            pump.cancel()
            if self._draining is not None:
                self._draining.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """From the browser; aiohttp calls it."""
        if self._gone.done() or self._ending.done():
            return False, b""
        try:
            self._into.feed(data)
        except BadFrame as bad:
            self._gone.set_result(bad.code)
            return False, b""
        self._traffic.into(len(data))
        self._writer.write(data)
        if self._draining is None and self._writer.transport.get_write_buffer_size() > CHUNK_BYTES:
            self._protocol.pause_reading()
            self._draining = asyncio.create_task(self._wait_for_workspace())
        return False, b""

    def feed_eof(self) -> None:
        """The browser's connection has ended; aiohttp calls it."""
        if not self._gone.done():
            self._gone.set_result(0)

    async def _wait_for_workspace(self) -> None:
        try:
            await self._writer.drain()
        finally:
            self._draining = None
            self._protocol.resume_reading()

    async def _pump(self) -> int:
        """From the workspace; returns the close code when it must end, 0 if the workspace closed."""
        try:
            while data := await self._reader.read(CHUNK_BYTES):
                self._out.feed(data)
                self._traffic.out(len(data))
                self._browser.write(data)
                if self._protocol.writing_paused:
                    async with asyncio.timeout(STALL_SECONDS):
                        await self._protocol._drain_helper()
                await self._keep_pace()
        except BadFrame as bad:
            return bad.code
        except (OSError, TimeoutError, Refusal):  # a Refusal has ended the flow already
            return ENDED
        return 0

    async def _keep_pace(self) -> None:
        """Tiny frames cost the edge more than their bytes: whoever sends too many waits for the next second."""
        elapsed = time.monotonic() - self._second
        if elapsed >= 1:
            self._second, self._passed = time.monotonic(), self._out.count
        elif self._out.count - self._passed > MOST_FRAMES:
            await asyncio.sleep(1 - elapsed)

    def _why(self, pump: asyncio.Task[int]) -> int:
        if self._ending.done():
            return ENDED
        if self._gone.done():
            return self._gone.result()
        return pump.result()

    def _close(self, code: int) -> None:
        if code and self._out.between and not self._browser.is_closing():
            self._browser.write(close_frame(code))
        self._browser.close()
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._browser.abort)  # it may never read the rest
