"""Passes one HTTP request to a unix socket and streams the answer back, counting and limiting what passes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp
import structlog
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from hub.addresses import Network
from hub.edge import headers as edge_headers
from hub.edge.clients import client_of
from hub.edge.cookies import Headers
from hub.edge.entry import Entry
from hub.edge.pages import FAILED, NOT_RUNNING, TOO_LARGE, TOO_SLOW
from hub.edge.paths import RequestPath
from hub.edge.table import Route, prefix_of
from hub.edge.traffic import Traffic, head_bytes
from hub.services import LET_IN_HEADER, PORTAL

PORTAL_PREFIX = prefix_of(PORTAL.prefix)
CONNECT_SECONDS = 10.0
MEBIBYTE = 2**20
SLOW_SECONDS, LEAST_RATE = 30.0, 1024  # of an upload: the longest silence, and bytes a second after so long
STALL_SECONDS = 120.0  # a browser that takes nothing of an answer for so long is gone

log = structlog.get_logger("edge")


@dataclass(frozen=True)
class EdgeAddress:
    """What the edge knows about itself."""

    public_url: str
    policy: str
    entry: Entry
    service_body_bytes: int
    trusted_proxies: tuple[Network, ...] = ()
    workspace_body_bytes: int = 64 * MEBIBYTE


class Sockets:
    """One client session per unix socket. Connections are not kept: on a unix socket a new one costs about 0.1 ms, and
    a kept one may be dead when it is needed for a request that cannot be repeated."""

    def __init__(self) -> None:
        self._sessions: dict[Path, aiohttp.ClientSession] = {}

    def session(self, socket: Path) -> aiohttp.ClientSession:
        """The session to this socket."""
        if socket not in self._sessions:
            self._sessions[socket] = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(path=str(socket), force_close=True, limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._sessions[socket]

    async def forget(self, socket: Path) -> None:
        """Close the connections to a socket that is gone."""
        session = self._sessions.pop(socket, None)
        if session is not None:
            await session.close()

    async def close(self) -> None:
        """Close them all."""
        for socket in list(self._sessions):
            await self.forget(socket)


async def forward_http(
    request: web.BaseRequest, path: RequestPath, route: Route, address: EdgeAddress, sockets: Sockets, traffic: Traffic
) -> web.StreamResponse:
    """Pass the request on. Raises Refusal `not-running` or `body-too-large`."""
    limit = address.workspace_body_bytes if route.workspace else address.service_body_bytes
    if (request.content_length or 0) > limit:
        raise TOO_LARGE
    sent = edge_headers.for_upstream(
        request.headers, client=client_of(request, address.trusted_proxies), public_url=address.public_url
    )
    body = _limited(request, limit, traffic) if request.body_exists else None
    try:
        upstream = await sockets.session(route.socket).request(
            request.method, upstream_url(request), headers=sent, data=body, allow_redirects=False
        )
    except (aiohttp.ClientConnectionError, TimeoutError):
        raise NOT_RUNNING from None
    async with upstream:
        if upstream.status < HTTPStatus.OK:  # nobody asked to switch protocols: two parties would read on differently
            raise FAILED
        headers = _answer_headers(upstream, request.headers, path, route, address)
        if request.secure:
            edge_headers.for_tls(headers)
        return await _stream_back(request, upstream, headers, traffic)


def upstream_url(request: web.BaseRequest) -> URL:
    """The same path and query, byte for byte; the host is of no meaning on a unix socket."""
    return URL(f"http://gateway{request.raw_path}", encoded=True)


async def _limited(request: web.BaseRequest, limit: int, traffic: Traffic) -> AsyncIterator[bytes]:
    passed, began = 0, time.monotonic()
    while chunk := await _next_piece(request.content):
        passed += len(chunk)
        if passed < (time.monotonic() - began - SLOW_SECONDS) * LEAST_RATE:
            raise TOO_SLOW
        if passed > limit:  # a chunked body names no length beforehand
            raise TOO_LARGE
        traffic.into(len(chunk))
        yield chunk


async def _next_piece(content: aiohttp.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(SLOW_SECONDS):
            return await content.readany()
    except TimeoutError:
        raise TOO_SLOW from None


def _answer_headers(
    upstream: aiohttp.ClientResponse, asked: Headers, path: RequestPath, route: Route, address: EdgeAddress
) -> CIMultiDict[str]:
    if route.workspace is None:
        passed = edge_headers.for_browser(upstream.headers)
        if route.prefix == PORTAL_PREFIX and LET_IN_HEADER in upstream.headers:  # nobody else's word counts
            location = passed.get("Location", "")
            passed.extend(("Set-Cookie", cookie) for cookie in address.entry.cookies_for(location, asked))
        return passed
    return edge_headers.for_browser_from_workspace(
        upstream.headers,
        prefix=route.prefix,
        below=path.segments[len(route.prefix) :],
        policy=address.policy,
        public_url=address.public_url,
    )


async def _stream_back(
    request: web.BaseRequest, upstream: aiohttp.ClientResponse, headers: CIMultiDict[str], traffic: Traffic
) -> web.StreamResponse:
    answer = web.StreamResponse(status=upstream.status, headers=headers)  # in the standard's words, not the workspace's
    traffic.out(head_bytes(headers))
    await answer.prepare(request)
    try:
        async for chunk in upstream.content.iter_any():
            traffic.out(len(chunk))
            async with asyncio.timeout(STALL_SECONDS):
                await answer.write(chunk)
        await answer.write_eof()
    except Exception as error:  # in mid-answer, whatever it was: the browser must see a broken answer, not another one
        log.info("edge.answer-broken", error=type(error).__name__)
        if request.transport is not None:
            request.transport.abort()
    return answer
