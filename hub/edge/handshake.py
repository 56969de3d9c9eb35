"""The opening handshake of a WebSocket (RFC 6455), on both sides of the edge. Promise: nothing of a workspace's answer
reaches the browser but a sub-protocol that the browser itself offered."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from governance.refusal import Refusal
from hub.edge import headers as edge_headers
from hub.edge.clients import client_of
from hub.edge.forward import EdgeAddress
from hub.edge.pages import FAILED, NOT_RUNNING

BAD_HANDSHAKE = Refusal("bad-handshake", "This is not how a WebSocket is opened.", "Reload the page.")
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0
READ_BYTES = 128 * 1024
LARGEST_HEAD = 16 * 1024
KEY_BYTES = 16
VERSION = "13"
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of the standard
OWN = ("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol")


@dataclass(frozen=True)
class Handshake:
    """What the browser asked for. `accept` proves that the key was read."""

    key: str
    offered: tuple[str, ...]

    @property
    def accept(self) -> str:
        """Of RFC 6455, 4.2.2: no secret, and SHA-1 is what the standard says."""
        return base64.b64encode(hashlib.sha1(f"{self.key}{MAGIC}".encode(), usedforsecurity=False).digest()).decode()


@dataclass(frozen=True)
class Upstream:
    """A WebSocket to a workspace, its handshake done."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocol: str


def read_handshake(request: web.BaseRequest) -> Handshake:
    """Raises Refusal `bad-handshake` for anything but a whole one without a body: two servers must not disagree about
    where HTTP ends."""
    headers = request.headers
    connection = {word.strip().lower() for word in ",".join(headers.getall("Connection", ())).split(",")}
    single = all(len(headers.getall(name, ())) == 1 for name in ("Upgrade", *OWN[:2]))
    if request.method != "GET" or "upgrade" not in connection or not single:
        raise BAD_HANDSHAKE
    if headers["Sec-WebSocket-Version"].strip() != VERSION or {"Content-Length", "Transfer-Encoding"} & set(headers):
        raise BAD_HANDSHAKE
    key = headers["Sec-WebSocket-Key"].strip()
    try:
        if len(base64.b64decode(key, validate=True)) != KEY_BYTES:
            raise BAD_HANDSHAKE
    except binascii.Error:
        raise BAD_HANDSHAKE from None
    offered = ",".join(headers.getall("Sec-WebSocket-Protocol", ())).split(",")
    return Handshake(key, tuple(word.strip() for word in offered if word.strip()))


async def connect(request: web.BaseRequest, handshake: Handshake, socket: Path, address: EdgeAddress) -> Upstream:
    """Open the same WebSocket at the workspace. Raises Refusal `not-running`, or `edge-failed` if it declines."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_unix_connection(str(socket), limit=READ_BYTES)
    except (OSError, TimeoutError):
        raise NOT_RUNNING from None
    try:
        writer.write(_asked(request, handshake, address))
        async with asyncio.timeout(ANSWER_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        return Upstream(reader, writer, _chosen(head, handshake))
    except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError, ValueError):
        writer.transport.abort()
        raise FAILED from None
    except BaseException:
        writer.transport.abort()
        raise


def _asked(request: web.BaseRequest, handshake: Handshake, address: EdgeAddress) -> bytes:
    sent = edge_headers.for_upstream(
        request.headers, client=client_of(request, address.trusted_proxies), public_url=address.public_url
    )
    for name in OWN:
        sent.popall(name, None)
    sent.extend({"Upgrade": "websocket", "Connection": "Upgrade"})
    sent.extend({"Sec-WebSocket-Key": handshake.key, "Sec-WebSocket-Version": VERSION})
    if handshake.offered:
        sent["Sec-WebSocket-Protocol"] = ", ".join(handshake.offered)
    lines = [f"GET {request.raw_path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(errors="surrogateescape")


def _chosen(head: bytes, handshake: Handshake) -> str:
    """The sub-protocol in the workspace's answer. Raises ValueError unless the answer accepts what was asked."""
    if len(head) > LARGEST_HEAD:
        raise ValueError("a head too large")
    status, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    said: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or said.setdefault(name.strip().lower(), value.strip()) != value.strip():
            said["upgrade"] = ""  # said twice, and not the same
    if status.split(" ")[:2] != ["HTTP/1.1", "101"] or said.get("upgrade", "").lower() != "websocket":
        raise ValueError("declined")
    if said.get("sec-websocket-accept") != handshake.accept or said.get("sec-websocket-extensions"):
        raise ValueError("not the answer to this request")
    protocol = said.get("sec-websocket-protocol", "")
    if protocol and protocol not in handshake.offered:
        raise ValueError("a sub-protocol that nobody offered")
    return protocol
