"""The hub's way to the edge: a unix socket, 0600 in the gateway's private run folder, that lists, adds and removes
routes. Promise: nobody but the gateway's own user can change where an address leads."""

from __future__ import annotations

import secrets
from pathlib import Path

from aiohttp import web

from hub.edge.record import RouteRecord, as_words, from_words
from hub.edge.server import Edge

SOCKET = "edge.sock"
LARGEST_CALL = 64 * 1024


class Control:
    """The private half of the edge. `identity` changes with each start, so that the hub sees a restart."""

    def __init__(self, edge: Edge, run: Path) -> None:
        self._edge = edge
        self._run = run
        self._record = RouteRecord(run)
        self._runner: web.AppRunner | None = None
        self.identity = secrets.token_hex(8)

    def restore(self) -> None:
        """Take up the routes of the last run."""
        for route in self._record.read():
            self._edge.table.add(route)

    async def start(self) -> None:
        """Listen. A socket left by an earlier edge is replaced."""
        app = web.Application(client_max_size=LARGEST_CALL)
        app.router.add_get("/health", self._health)
        app.router.add_get("/routes", self._list)
        app.router.add_post("/routes", self._add)
        app.router.add_delete("/routes", self._remove)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        socket = self._run / SOCKET
        socket.unlink(missing_ok=True)
        await web.UnixSite(self._runner, str(socket)).start()
        socket.chmod(0o600)

    async def stop(self) -> None:
        """Close it."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"edge": self.identity})

    async def _list(self, request: web.Request) -> web.Response:
        del request
        return web.json_response([as_words(route) for route in self._edge.table.added()])

    async def _add(self, request: web.Request) -> web.Response:
        try:
            route = from_words(await request.json(), self._run)
            known = self._edge.table.add(route)
        except (ValueError, AttributeError):
            return web.json_response({"code": "bad-route"}, status=400)
        if known != route:
            self._record.write(self._edge.table.added())
            if known is not None and (known.socket, known.data) != (route.socket, route.data):
                await self._edge.forget(known)
        return web.Response(status=204)

    async def _remove(self, request: web.Request) -> web.Response:
        gone = self._edge.table.remove(request.query.get("routespec", ""))
        if gone is not None:
            self._record.write(self._edge.table.added())
            await self._edge.forget(gone)
        return web.Response(status=204)
