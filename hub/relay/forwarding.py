"""Passes one request of a workspace on, or refuses it. Promise: the identity a service sees is the channel we add;
nothing the workspace sends can add, change or remove it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import structlog
from aiohttp import web
from yarl import URL

from governance.refusal import Refusal
from hub.relay.allowed import ANSWER_HEADERS, REQUEST_HEADERS, Hole
from hub.relay.pace import Pace, Remarks

log = structlog.get_logger("hub.relay")

CONNECT_SECONDS, WHOLE_SECONDS = 5.0, 900.0
NOT_REACHABLE = Refusal("not-reachable", "A workspace cannot reach this address.", "Use the functions of `sde`.")
TOO_LARGE = Refusal("body-too-large", "The request is too large.", "Send less.")
SERVICE_DOWN = Refusal("service-down", "The service does not answer.", "Try again in a minute.")


class _TooLargeError(Exception):
    """The body went past the limit while it was passed on."""


class Forwarder:
    """One hole's handler. `open` and `close` belong to the event loop that serves it."""

    def __init__(self, hole: Hole) -> None:
        self.hole = hole
        self._pace, self._remarks = Pace(*hole.pace), Remarks()
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make the client; it connects when it is needed."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path=str(self.hole.leads_to), force_close=True, limit=0),
            timeout=aiohttp.ClientTimeout(total=WHOLE_SECONDS, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def close(self) -> None:
        """Break every connection."""
        if self._session is not None:
            await self._session.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer with what the service answers, or with a refusal as JSON, in the workspace's turn."""
        await self._pace.turn()
        if not self.hole.allows(request.method, request.raw_path):
            if number := self._remarks.count():
                log.warning("relay.refused", hole=self.hole.name, method=request.method, number=number)
            return _refuse(NOT_REACHABLE, 403)
        if (request.content_length or 0) > self.hole.body_bytes:
            return _refuse(TOO_LARGE, 413)
        try:
            return await self._pass_on(request)
        except _TooLargeError:
            return _refuse(TOO_LARGE, 413)
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            return _refuse(SERVICE_DOWN, 503)

    async def _pass_on(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._session is None:
            raise aiohttp.ClientConnectionError
        sent = {name: value for name, value in request.headers.items() if name.lower() in REQUEST_HEADERS}
        sent.update(self.hole.adds)
        url = URL(f"http://{self.hole.name}{request.raw_path}", encoded=True)
        body = self._limited(request) if request.body_exists else None
        async with self._session.request(request.method, url, headers=sent, data=body, allow_redirects=False) as got:
            passed = {name: value for name, value in got.headers.items() if name.lower() in ANSWER_HEADERS}
            answer = web.StreamResponse(status=got.status, headers=passed)
            await answer.prepare(request)
            try:
                async for chunk in got.content.iter_any():
                    await answer.write(chunk)
            except (aiohttp.ClientError, TimeoutError):  # headers are out: a broken answer must look broken
                if request.transport is not None:
                    request.transport.abort()
                return answer
            await answer.write_eof()
            return answer

    async def _limited(self, request: web.BaseRequest) -> AsyncIterator[bytes]:
        passed = 0
        async for chunk in request.content.iter_any():
            passed += len(chunk)
            if passed > self.hole.body_bytes:  # a chunked body names no length beforehand
                raise _TooLargeError
            yield chunk


def _refuse(refusal: Refusal, status: int) -> web.Response:
    return web.json_response(refusal.as_dict(), status=status)
