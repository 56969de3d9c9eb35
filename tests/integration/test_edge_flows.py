"""What stays open through the edge: ended with its approval, bounded in number, size and memory."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import WSMsgType

from governance.refusal import Refusal
from governance.registry import change_project, end_sessions, remove_member
from governance.settings import Settings, load_settings
from governance.store import Store
from hub.edge import websocket
from hub.edge.approval import Standing
from hub.edge.handshake import MAGIC
from hub.edge.table import Workspace, make_route
from tests.support.edge_lab import OWNER, PREFIX, Lab, in_lab
from tests.support.gateway import free_port

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

CHANNELS = f"{PREFIX}api/kernels/1/channels"
WORST_SECONDS = 5.0
Wild = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDE_PORT", str(free_port()))
    monkeypatch.setenv("SDE_WEBSOCKETS_PER_WORKSPACE", "3")
    return load_settings()


@pytest.fixture(autouse=True)
def _register(demo_register: Store) -> None:
    """Every test has the demonstration's register."""


@asynccontextmanager
async def wild_workspace(lab: Lab, settings: Settings, after: Wild, *, answer: str = "") -> AsyncIterator[None]:
    """In place of the workspace: a server that speaks its own bytes once it has accepted a WebSocket, or says `answer`
    instead of accepting."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        accept = base64.b64encode(hashlib.sha1(f"{key}{MAGIC}".encode()).digest()).decode()
        said = answer or (
            "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Set-Cookie: jupyterhub-hub-login=tossed; Path=/hub/\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n"
        )
        writer.write(said.replace("ACCEPT", accept).encode())
        try:
            await after(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    socket = settings.folder.run / "wild.sock"
    async with await asyncio.start_unix_server(serve, socket):
        lab.edge.table.add(make_route(PREFIX, f"http+unix://{quote(str(socket), safe='')}", OWNER))
        yield


async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    del writer
    await reader.read()


async def ends(channel: aiohttp.ClientWebSocketResponse) -> int | None:
    """The close code, once it has come."""
    while (await channel.receive(timeout=20)).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
        pass
    return channel.close_code


def test_open_answers_and_websockets_end_with_the_membership(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        async with (
            lab.client.ws_connect(lab.url + CHANNELS) as channel,
            lab.client.get(f"{lab.url}{PREFIX}endless") as answer,
        ):
            await channel.send_str("before")
            assert await channel.receive_str(timeout=5) == "before"
            assert await answer.content.readexactly(2000)
            remove_member(store, actor="admin", slug="gi-bleed", subject="researcher-a")
            began = time.monotonic()
            assert await ends(channel) == 1008
            with pytest.raises(aiohttp.ClientError):
                await asyncio.wait_for(answer.read(), 20)
            assert time.monotonic() - began < WORST_SECONDS
        async with lab.client.get(f"{lab.url}{PREFIX}lab", headers={"Accept": "application/json"}) as refused:
            assert (refused.status, (await refused.json())["code"]) == (403, "not-a-member")

    in_lab(settings, story)


def test_signing_out_everywhere_closes_what_other_browsers_have_open(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.ws_connect(lab.url + CHANNELS) as channel:
            await channel.send_str("before")
            assert await channel.receive_str(timeout=5) == "before"
            end_sessions(store, actor="researcher-a", subject="researcher-a")
            assert await ends(channel) == 1008
        async with lab.client.get(f"{lab.url}{PREFIX}lab", headers={"Accept": "application/json"}) as refused:
            assert (refused.status, (await refused.json())["code"]) == (403, "not-let-in")
        page = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
        async with lab.client.get(f"{lab.url}{PREFIX}lab", headers=page, allow_redirects=False) as onward:
            assert onward.headers["Location"].startswith("/services/portal/")

    in_lab(settings, story)


def test_a_register_that_does_not_answer_refuses(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.ws_connect(lab.url + CHANNELS) as channel:

            def broken(*_: object) -> None:
                raise OSError("the disk is gone")

            monkeypatch.setattr(lab.edge.approval._store, "reading", broken)
            assert await ends(channel) == 1008
        async with lab.client.get(f"{lab.url}{PREFIX}lab", headers={"Accept": "application/json"}) as refused:
            assert (refused.status, (await refused.json())["code"]) == (503, "register-away")
        monkeypatch.undo()
        async with lab.client.get(f"{lab.url}{PREFIX}lab") as answer:
            assert answer.status == 200

    in_lab(settings, story)


def test_a_register_that_is_slow_for_a_moment_interrupts_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(lab: Lab) -> None:
        held, asked, read = threading.Event(), threading.Event(), lab.edge.approval._read

        def slow(workspace: Workspace) -> Standing | Refusal:
            asked.set()
            held.wait(20)
            return read(workspace)

        async with lab.client.ws_connect(lab.url + CHANNELS) as channel:
            monkeypatch.setattr(lab.edge.approval, "_read", slow)
            assert await asyncio.to_thread(asked.wait, 20)  # no longer fresh, and asked beside what goes on
            async with lab.client.get(f"{lab.url}{PREFIX}lab") as answer:
                assert answer.status == 200
            lab.edge.approval.forget(next(iter(lab.edge.approval._known)))
            waiting = asyncio.create_task(lab.client.get(f"{lab.url}{PREFIX}lab"))
            assert await ends(channel) == 1008, "what flows is not held up, so it ends when nothing is left to believe"
            assert not waiting.done(), "what begins is held until the register answers"
            held.set()
            async with await waiting as answer:
                assert answer.status == 200

    in_lab(settings, story)


def test_terminals_follow_the_register(settings: Settings, store: Store) -> None:
    async def status(lab: Lab, path: str) -> int:
        async with lab.client.get(f"{lab.url}{PREFIX}{path}") as answer:
            return answer.status

    async def story(lab: Lab) -> None:
        for path in ("api/terminals", "terminals/1", "terminals/websocket/1", "TERMINALS/1", "%74erminals/1"):
            assert await status(lab, path) == 403
        change_project(store, actor="admin", slug="gi-bleed", terminals=True)
        lab.edge.approval.forget(next(iter(lab.edge.approval._known)))
        assert await status(lab, "api/terminals") == 200
        async with (
            lab.client.ws_connect(f"{lab.url}{PREFIX}terminals/websocket/1/channels") as terminal,
            lab.client.ws_connect(lab.url + CHANNELS) as kernel,
        ):
            change_project(store, actor="admin", slug="gi-bleed", terminals=False)
            assert await ends(terminal) == 1008
            await kernel.send_str("a kernel goes on")
            assert await kernel.receive_str(timeout=5) == "a kernel goes on"
        assert await status(lab, "api/terminals") == 403

    in_lab(settings, story)


def test_so_many_websockets_and_no_more(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        held = [await lab.client.ws_connect(lab.url + CHANNELS) for _ in range(3)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await lab.client.ws_connect(lab.url + CHANNELS)
        assert refused.value.status == 429
        await held.pop().close()
        async with lab.client.ws_connect(lab.url + CHANNELS) as another:
            await another.send_str("room again")
            assert await another.receive_str(timeout=5) == "room again"
        for channel in held:
            await channel.close()

    in_lab(settings, story)


def test_a_message_has_a_largest_size_in_both_directions(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MESSAGE_BYTES", 50_000)

    async def too_large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes((0x82, 127)) + (50_001).to_bytes(8) + bytes(50_001))
        await nothing(reader, writer)

    async def story(lab: Lab) -> None:
        async with lab.client.ws_connect(lab.url + CHANNELS) as channel:
            await channel.send_bytes(bytes(50_000))
            assert len(await channel.receive_bytes(timeout=5)) == 50_000
            await channel.send_bytes(bytes(50_001))
            assert await ends(channel) == 1009
        async with (
            wild_workspace(lab, settings, too_large),
            lab.client.ws_connect(lab.url + CHANNELS) as channel,
        ):
            assert await ends(channel) == 1009

    in_lab(settings, story)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_stuck_browser_fills_no_memory(settings: Settings) -> None:
    """The workspace sends as fast as it may; the browser accepts and then reads nothing."""
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        piece = bytes((0x82, 127)) + (2**20).to_bytes(8) + bytes(2**20)
        while not reader.at_eof():
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    async def story(lab: Lab) -> None:
        async with wild_workspace(lab, settings, flood):
            host, port = lab.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port), limit=2**16)
            before = resident_bytes()
            key = base64.b64encode(bytes(16)).decode()
            writer.write(
                f"{lab.head(f'GET {CHANNELS}')}Upgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 101 " in head and b"Set-Cookie" not in head
            at = -1
            deadline = time.monotonic() + 60
            while sent != at and time.monotonic() < deadline:  # until it no longer grows
                at = sent
                await asyncio.sleep(0.5)
            assert sent == at
            assert sent < 64 * 2**20  # the kernel's buffers, ours, and no more
            assert resident_bytes() - before < 32 * 2**20
            writer.transport.abort()

    in_lab(settings, story)


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
        "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ACCEPT\r\n"
        "Sec-WebSocket-Protocol: offered-by-nobody\r\n\r\n",
        "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ACCEPT\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        "HTTP/1.1 101 Go\r\n" + "X: y\r\n" * 100_000,
        "\r\n\r\n",
    ],
)
def test_a_workspace_that_answers_the_handshake_wrongly_is_not_joined(settings: Settings, answer: str) -> None:
    async def story(lab: Lab) -> None:
        async with wild_workspace(lab, settings, nothing, answer=answer):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await lab.client.ws_connect(lab.url + CHANNELS, protocols=("v1.kernel.websocket.jupyter.org",))
            assert refused.value.status == 403

    in_lab(settings, story)


@pytest.mark.parametrize(
    "head",
    [
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n{ws}\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n{ws}Content-Length: 5\r\n\r\nbodyy",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n{ws}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n{ws}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ],
)
def test_a_browsers_odd_handshake_reaches_no_workspace(settings: Settings, head: str) -> None:
    own = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )

    async def story(lab: Lab) -> None:
        host = lab.url.removeprefix("http://")
        answer = await lab.raw(head.replace("{ws}", own).format(path=CHANNELS, host=host))
        assert answer.split(" ", 2)[1] == "400"
        assert lab.seen == []

    in_lab(settings, story)


def test_frames_that_are_none_and_floods_of_tiny_ones_end_the_websocket(settings: Settings) -> None:
    async def tiny(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes((0x82, 0)) * 30_000)
        await nothing(reader, writer)

    async def no_frames(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<script>")
        await nothing(reader, writer)

    async def story(lab: Lab) -> None:
        for wild, code in ((tiny, 1008), (no_frames, 1002)):
            async with (
                wild_workspace(lab, settings, wild),
                lab.client.ws_connect(lab.url + CHANNELS) as channel,
            ):
                assert await ends(channel) == code

    in_lab(settings, story)


def test_the_workspace_hears_when_the_browser_goes(settings: Settings) -> None:
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()

    async def story(lab: Lab) -> None:
        async with wild_workspace(lab, settings, listen):
            channel = await lab.client.ws_connect(lab.url + CHANNELS)
            assert channel._response.connection is not None
            transport = channel._response.connection.transport
            assert transport is not None
            transport.abort()
            await asyncio.wait_for(gone.wait(), 20)

    in_lab(settings, story)


def test_the_edge_says_nothing_of_web_frameworks(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.ws_connect(lab.url + CHANNELS) as channel:
            assert channel._response.headers["Server"] == "sde-gateway"

    in_lab(settings, story)
