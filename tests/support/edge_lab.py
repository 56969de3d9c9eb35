"""An edge in this process, before real servers on unix sockets: a workspace that answers anything, and a hub."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import WSMsgType, web
from multidict import CIMultiDict

from governance.settings import Settings
from hub.edge.assemble import ENTRY_KEY, make_edge
from hub.edge.cookies import ENTRY
from hub.edge.entry import Entry
from hub.edge.server import Edge
from hub.edge.table import RouteTable, Workspace, make_route
from hub.services import read_or_make_secret

PREFIX = "/user/researcher-a/gi-bleed/"
OWNER = {"user": "researcher-a", "server_name": "gi-bleed"}


class Lab:
    """An edge, one workspace server that answers anything a hostile one could, and a hub."""

    def __init__(
        self, edge: Edge, url: str, client: aiohttp.ClientSession, seen: list[web.Request], cookie: str
    ) -> None:
        self.edge, self.url, self.client, self.seen, self.cookie = edge, url, client, seen, cookie

    def head(self, request: str) -> str:
        """The first lines of a request by the workspace's person: `GET /path`."""
        return f"{request} HTTP/1.1\r\nHost: {self.url.removeprefix('http://')}\r\nCookie: {self.cookie}\r\n"

    async def raw(self, text: str) -> str:
        """Send bytes as they are, but for the person's cookie, and read the answer's head."""
        host, port = self.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(text.replace("\r\n", f"\r\nCookie: {self.cookie}\r\n", 1).encode("latin-1"))
        answer = (await asyncio.wait_for(reader.read(4096), 5)).decode("latin-1")
        writer.close()
        return answer


def entry_cookie(settings: Settings) -> str:
    """What the browser of the workspace's person shows once it is let in."""
    entry = Entry(read_or_make_secret(settings.folder.keys / ENTRY_KEY), RouteTable(), hours=12)
    return f"{ENTRY}={entry.make(Workspace(OWNER['user'], OWNER['server_name']), CIMultiDict())}"


async def workspace_answer(request: web.Request) -> web.StreamResponse:
    """A hostile workspace server: any path, any header."""
    if request.path.endswith("/channels"):
        return await echo(request)
    if request.path.endswith(("/endless", "/flood")):
        trickles = request.path.endswith("/endless")
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(bytes(1000 if trickles else 2**20))
            await asyncio.sleep(0.02 * trickles)
    if request.path.endswith("/slow"):
        answer = web.StreamResponse()
        await answer.prepare(request)
        for number in range(3):
            await answer.write(f"part {number}\n".encode())
            await asyncio.sleep(0.05)
        return answer
    if request.path.endswith("/breaks"):
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"only this")
        assert request.transport is not None
        request.transport.close()
        return answer
    if request.path.endswith("/packed"):
        return web.Response(body=gzip.compress(b"packed"), headers={"Content-Encoding": "gzip", "ETag": '"1"'})
    if request.path.endswith(("/204", "/304")):
        return web.Response(status=int(request.path[-3:]))
    if request.path.endswith("/cookie"):
        return web.Response(headers={"Set-Cookie": f"ours=1; Path={PREFIX}; HttpOnly"})
    headers = {
        "Content-Disposition": "attachment; filename=records.csv",
        "Service-Worker-Allowed": "/",
        "Set-Cookie": "jupyterhub-hub-login=tossed; Path=/hub/",
        "Server": "hostile/1.0",
    }
    text = await request.text()
    return web.json_response(
        {"path": request.raw_path, "headers": dict(request.headers), "body": text}, headers=headers
    )


async def echo(request: web.Request) -> web.StreamResponse:
    answer = web.WebSocketResponse(protocols=("v1.kernel.websocket.jupyter.org",))
    await answer.prepare(request)
    async for message in answer:
        if message.type is WSMsgType.TEXT:
            await answer.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await answer.send_bytes(message.data)
    return answer


async def hub_answer(request: web.Request) -> web.StreamResponse:
    return web.json_response({"hub": request.raw_path, "headers": dict(request.headers)})


@asynccontextmanager
async def serving(
    path: Path, handler: Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]
) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def open_lab(settings: Settings) -> AsyncIterator[Lab]:
    run, seen = settings.folder.run, []
    edge, cookie = make_edge(settings), entry_cookie(settings)

    async def recorded(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        return await workspace_answer(request)

    def target(name: str) -> str:
        return f"http+unix://{quote(str(run / name), safe='')}:80"  # as the hub hands it over

    async with (
        serving(run / "s.sock", recorded),
        serving(run / "hub.sock", hub_answer),
        serving(run / "portal.sock", hub_answer),
        aiohttp.ClientSession(
            auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), headers={"Cookie": cookie}
        ) as client,
    ):
        edge.table.add(make_route("/", target("hub.sock"), {"hub": True}))
        edge.table.add(make_route(PREFIX, target("s.sock"), OWNER))
        await edge.start(settings.host, settings.port)
        try:
            yield Lab(edge, settings.url, client, seen, cookie)
        finally:
            await edge.stop()


def in_lab(settings: Settings, story: Callable[[Lab], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with open_lab(settings) as lab:
            await story(lab)

    asyncio.run(run())
