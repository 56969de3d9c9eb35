"""A workspace whose server speaks HTTP as badly as it can: no connection of anybody is confused by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest

from governance.settings import Settings, load_settings
from governance.store import Store
from hub.edge import refusal_log
from hub.edge.refusal_log import RefusalLog
from hub.edge.table import make_route
from tests.support.edge_lab import OWNER, PREFIX, Lab, in_lab
from tests.support.gateway import free_port

TOSSED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 8\r\n\r\n<script>"


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDE_PORT", str(free_port()))
    return load_settings()


@pytest.fixture(autouse=True)
def _register(demo_register: Store) -> None:
    """Every test has the demonstration's register."""


@asynccontextmanager
async def answering(lab: Lab, settings: Settings, answer: bytes) -> AsyncIterator[None]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    socket = settings.folder.run / "wild.sock"
    async with await asyncio.start_unix_server(serve, socket):
        lab.edge.table.add(make_route(PREFIX, f"http+unix://{quote(str(socket), safe='')}", OWNER))
        yield


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + TOSSED,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + TOSSED,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd" + TOSSED,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" + TOSSED,
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense",
        b"HTTP/1.1 204 Nothing\r\nContent-Length: 9\r\n\r\n" + TOSSED,
        b"HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: jupyterhub-hub-login=tossed; Path=/hub/\r\n\r\n" + TOSSED,
        b"HTTP/1.1 99 Odd\r\n\r\n" + TOSSED,
        b"no http at all\r\n\r\n",
        b"",
    ],
)
def test_nothing_of_a_wild_answer_is_read_as_the_next_one(settings: Settings, answer: bytes) -> None:
    """On one connection of a browser, or of a proxy that many browsers share: what follows is the edge's own answer,
    or the connection has ended."""

    async def story(lab: Lab) -> None:
        async with answering(lab, settings, answer):
            host, port = lab.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            for path in (f"{PREFIX}lab", "/nowhere%zz"):
                writer.write(f"{lab.head(f'GET {path}')}Accept: x/y\r\n\r\n".encode())
            writer.write_eof()
            got = await asyncio.wait_for(reader.read(), 20)
            assert b"<script>" not in got and b"tossed" not in got
            assert got.count(b"HTTP/1.1 ") <= 2 and b"HTTP/1.1 101" not in got
            writer.close()

    in_lab(settings, story)


def test_a_query_is_plain_text_too(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        host = lab.url.removeprefix("http://")
        for query in ("x=\x80", "x=\x7f", "x=\xe9"):
            answer = await lab.raw(f"GET {PREFIX}lab?{query} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            assert answer.split(" ", 2)[1] == "400"
        assert lab.seen == []

    in_lab(settings, story)


def test_refusals_do_not_fill_the_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(refusal_log, "MOST_LINES", 3)
    moment = [0.0]
    monkeypatch.setattr(refusal_log.time, "monotonic", lambda: moment[0])
    refusals = RefusalLog()
    for _ in range(100):
        refusals.tell("no-such-page", "GET")
    moment[0] = 11.0
    refusals.tell("no-such-page", "GET")
    said = capsys.readouterr()  # on standard error where a command was run in this process before
    lines = (said.out + said.err).splitlines()
    assert len(lines) == 5 and "edge.refused-more" in lines[3] and "97" in lines[3]
