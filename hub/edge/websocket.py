"""Bridges a WebSocket between a browser and a workspace, for as long as the approval holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable

import aiohttp
from aiohttp import WSMsgType, web

from governance.refusal import Refusal
from hub.edge import headers as edge_headers
from hub.edge.approval import BELIEVED_SECONDS, Approval
from hub.edge.forward import EdgeAddress, Sockets, upstream_url
from hub.edge.meter import Traffic
from hub.edge.pages import FAILED, NOT_RUNNING
from hub.edge.table import Route

MESSAGE_BYTES = 64 * 2**20  # a notebook's largest output in one message
HEARTBEAT_SECONDS = 30.0  # a browser that is gone without a word is noticed
APPROVAL_ENDED = 1008  # RFC 6455: policy violation
HANDSHAKE = frozenset(
    ("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol")
)
Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the request asks to become a WebSocket."""
    return request.headers.get("Upgrade", "").strip().lower() == "websocket"


async def forward_websocket(
    request: web.BaseRequest,
    route: Route,
    address: EdgeAddress,
    sockets: Sockets,
    traffic: Traffic,
    approval: Approval,
) -> web.StreamResponse:
    """Connect to the workspace first, then accept the browser with the sub-protocol the workspace chose.

    Raises Refusal `not-running`, or `edge-failed` when the workspace declines the handshake.
    """
    sent = edge_headers.for_upstream(request.headers, client=request.remote or "", public_url=address.public_url)
    for name in HANDSHAKE:
        sent.popall(name, None)
    offered = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if part.strip()]
    try:
        inner = await sockets.session(route.socket).ws_connect(
            upstream_url(request), headers=sent, protocols=offered, max_msg_size=MESSAGE_BYTES, autoping=True
        )
    except aiohttp.WSServerHandshakeError:
        raise FAILED from None
    except (aiohttp.ClientConnectionError, TimeoutError):
        raise NOT_RUNNING from None
    async with inner:
        outer = web.WebSocketResponse(
            protocols=(inner.protocol,) if inner.protocol else (),
            max_msg_size=MESSAGE_BYTES,
            compress=False,
            heartbeat=HEARTBEAT_SECONDS,
        )
        await outer.prepare(request)
        await _bridge(outer, inner, route, traffic, approval)
    return outer


async def _bridge(
    outer: web.WebSocketResponse,
    inner: aiohttp.ClientWebSocketResponse,
    route: Route,
    traffic: Traffic,
    approval: Approval,
) -> None:
    pumps = [
        asyncio.create_task(_pump(outer, inner, traffic, out=False)),
        asyncio.create_task(_pump(inner, outer, traffic, out=True)),
    ]
    code = aiohttp.WSCloseCode.OK
    try:
        while not any(pump.done() for pump in pumps):
            await asyncio.wait(pumps, timeout=BELIEVED_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if route.workspace is not None:
                await approval.check(route.workspace)
    except Refusal:
        code = aiohttp.WSCloseCode(APPROVAL_ENDED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        await outer.close(code=outer.close_code or inner.close_code or code)


async def _pump(source: Socket, sink: Socket, traffic: Traffic, *, out: bool) -> None:
    messages: AsyncIterable[aiohttp.WSMessage] = source
    async for message in messages:
        if message.type is WSMsgType.TEXT:
            size = len(message.data.encode())
            await sink.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            size = len(message.data)
            await sink.send_bytes(message.data)
        else:
            continue
        if out:
            traffic.out_bytes += size
        else:
            traffic.into_bytes += size
