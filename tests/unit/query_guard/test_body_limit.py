"""A body longer than any query is refused before it is kept."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from query_guard.service.body_limit import BodyLimit


def run(scope: Scope, *received: Message) -> tuple[list[bytes], list[Message]]:
    """(bodies that reached the application, messages sent)."""
    waiting, bodies, sent = list(received), [], []

    async def application(_: Scope, receive: Receive, __: Send) -> None:
        bodies.append((await receive()).get("body", b"") if scope["type"] == "http" else b"")

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(BodyLimit(application, most=10)(scope, receive, send))
    return bodies, sent


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_short_body_arrives_whole() -> None:
    assert run({"type": "http"}, part(b"12345", True), part(b"67890")) == ([b"1234567890"], [])


def test_long_body_is_refused() -> None:
    bodies, sent = run({"type": "http"}, part(b"12345", True), part(b"678901", True))
    assert bodies == []
    assert sent[0]["status"] == 413


def test_client_that_leaves_is_forgotten() -> None:
    assert run({"type": "http"}, part(b"1", True), {"type": "http.disconnect"}) == ([], [])


def test_other_connections_pass() -> None:
    assert run({"type": "lifespan"}) == ([b""], [])
