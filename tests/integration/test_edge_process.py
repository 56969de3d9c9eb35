"""The edge as a process of its own: it keeps its routes when it falls, and takes orders from its own user only."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web

from governance.settings import Settings, load_settings
from governance.store import Store
from hub.edge.client import EdgeAwayError, EdgeClient
from hub.edge.record import RouteRecord
from tests.support.edge_lab import entry_cookie
from tests.support.gateway import free_port

pytestmark = pytest.mark.slow

PREFIX = "/user/researcher-a/gi-bleed/"
OWNER = {"user": "researcher-a", "server_name": "gi-bleed"}


class Process:
    """`python -m hub.edge` on a state folder, and the way the hub speaks to it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hub = EdgeClient(settings.folder.run, patience=60)
        self.popen: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        with (self.settings.folder.logs / "edge.log").open("ab") as log:
            self.popen = subprocess.Popen([sys.executable, "-m", "hub.edge"], env=dict(os.environ), stderr=log)
        await self.hub.routes()

    async def end(self, number: signal.Signals) -> int:
        assert self.popen is not None
        self.popen.send_signal(number)
        return await asyncio.to_thread(self.popen.wait, 30)

    async def get(self, path: str) -> int:
        async with (
            aiohttp.ClientSession(headers={"Cookie": entry_cookie(self.settings)}) as client,
            client.get(self.settings.url + path) as answer,
        ):
            await answer.read()
            return answer.status


def target(path: Path) -> str:
    return f"http+unix://{quote(str(path), safe='')}:80"


@asynccontextmanager
async def a_workspace(path: Path) -> AsyncIterator[None]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if not request.path.endswith("/channels"):
            return web.json_response({"path": request.path})
        echo = web.WebSocketResponse()
        await echo.prepare(request)
        async for message in echo:
            await echo.send_str(message.data)
        return echo

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield
    finally:
        await runner.cleanup()


def with_edge(settings: Settings, story: Callable[[Process], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        edge = Process(settings)
        async with a_workspace(settings.folder.run / "s.sock"):
            await edge.start()
            try:
                await edge.hub.add(PREFIX, target(settings.folder.run / "s.sock"), OWNER)
                await story(edge)
            finally:
                if edge.popen is not None and edge.popen.poll() is None:
                    await edge.end(signal.SIGKILL)

    asyncio.run(run())


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDE_PORT", str(free_port()))
    return load_settings()


@pytest.fixture(autouse=True)
def _register(demo_register: Store) -> None:
    """Every test has the demonstration's register."""


def test_a_killed_edge_comes_back_with_its_routes_while_the_hub_is_away(settings: Settings) -> None:
    async def story(edge: Process) -> None:
        assert await edge.get(f"{PREFIX}api") == 200
        assert await edge.get("/hub/health") == 503  # no hub here
        before = await edge.hub.identity()
        await edge.end(signal.SIGKILL)
        with pytest.raises(EdgeAwayError):
            await edge.hub.identity()
        await edge.start()
        assert await edge.hub.identity() != before
        assert await edge.get(f"{PREFIX}api") == 200
        await edge.hub.remove(PREFIX)
        await edge.end(signal.SIGKILL)
        await edge.start()
        assert await edge.get(f"{PREFIX}api") == 503  # what was removed stays removed: the hub's business again

    with_edge(settings, story)


def test_adding_a_known_route_again_disturbs_nobody(settings: Settings) -> None:
    """A hub that comes back adds all of its routes."""

    async def story(edge: Process) -> None:
        async with (
            aiohttp.ClientSession(headers={"Cookie": entry_cookie(settings)}) as client,
            client.ws_connect(f"{settings.url}{PREFIX}api/kernels/1/channels") as channel,
        ):
            await edge.hub.add(PREFIX, target(settings.folder.run / "s.sock"), OWNER)
            await edge.hub.add("/", target(settings.folder.run / "hub.sock"), {"hub": True})
            await channel.send_str("still here")
            assert await channel.receive_str(timeout=10) == "still here"

    with_edge(settings, story)


def test_the_control_socket_is_private_and_takes_our_own_sockets_only(settings: Settings, tmp_path: Path) -> None:
    async def story(edge: Process) -> None:
        assert (settings.folder.run / "edge.sock").stat().st_mode & 0o777 == 0o600
        assert (settings.folder.run / "edge-routes.json").stat().st_mode & 0o777 == 0o600
        for wrong in ("http://127.0.0.1:8888", target(tmp_path / "x.sock"), target(settings.folder.run / "../x.sock")):
            with pytest.raises(ValueError):
                await edge.hub.add("/user/a/b/", wrong, OWNER)
        for fixed in ("/services/portal/", "/provider/"):
            with pytest.raises(ValueError):
                await edge.hub.add(fixed, target(settings.folder.run / "s.sock"), OWNER)
        assert {route["routespec"] for route in await edge.hub.routes()} == {"/", PREFIX}
        assert await edge.get("/routes") == 503  # through the port it is a page of the hub, not the edge's own

    with_edge(settings, story)


def test_stopping_ends_at_once_and_with_success(settings: Settings) -> None:
    async def story(edge: Process) -> None:
        async with aiohttp.ClientSession(headers={"Cookie": entry_cookie(settings)}) as client:
            channel = await client.ws_connect(f"{settings.url}{PREFIX}api/kernels/1/channels")
            assert await edge.end(signal.SIGTERM) == 0
            await channel.close()

    with_edge(settings, story)


@pytest.mark.parametrize("written", ["", "nonsense", "{}", "[1]", '[{"routespec": "/x/"}]', '{"a": 1}', "[[]]"])
def test_a_record_of_nonsense_is_no_record(settings: Settings, written: str) -> None:
    (settings.folder.run / "edge-routes.json").write_text(written)
    assert RouteRecord(settings.folder.run).read() == []


def test_a_record_cannot_lead_elsewhere(settings: Settings, tmp_path: Path) -> None:
    words = [{"routespec": PREFIX, "target": target(tmp_path / "elsewhere.sock"), "data": OWNER}]
    (settings.folder.run / "edge-routes.json").write_text(json.dumps(words))
    assert RouteRecord(settings.folder.run).read() == []
