"""The way to the channel gate: TLS 1.3, to a gate that shows the very certificate this sidecar was given."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass, field

from hub.sidecar.carrying import Stream, watch
from hub.sidecar.greeting import NAME, write_greeting

CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Gate:
    """Where the gate is and how to speak to it."""

    address: str
    port: int
    secret: str = field(repr=False)
    context: ssl.SSLContext

    async def connect(self, purpose: str) -> Stream:
        """A connection on which the gate has been told whose it is. Raises OSError or TimeoutError."""
        async with asyncio.timeout(CONNECT_SECONDS):
            stream = await asyncio.open_connection(self.address, self.port, ssl=self.context, server_hostname=NAME)
        raw = stream[1].get_extra_info("socket")
        if isinstance(getattr(raw, "family", None), socket.AddressFamily):
            watch(raw)
        stream[1].write(write_greeting(self.secret, purpose))
        await stream[1].drain()
        return stream


def client_context(certificate: str) -> ssl.SSLContext:
    """Trusts this one certificate (PEM) and no authority. Raises ssl.SSLError, an OSError, if it is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=certificate)
    return context
