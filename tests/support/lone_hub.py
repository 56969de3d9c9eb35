"""A spawner without a whole JupyterHub: the hub's few answers that a notebook server needs, on the real hub socket.

Used by the spawner's tests and by benchmarks/spawn.py. The end-to-end test uses the real hub.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import jupyterhub
from aiohttp import web
from jupyterhub.objects import Hub, Server

from governance.settings import Settings
from hub.names import socket_url
from hub.spawner import BubblewrapSpawner


class LoneHub:
    """Answers like the Hub API to one known token; remembers every request that reached it."""

    def __init__(self, settings: Settings, subject: str, project: str, token: str) -> None:
        self.settings, self.subject, self.project, self.token = settings, subject, project, token
        self.requests: list[tuple[str, str]] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[LoneHub]:
        runner = web.ServerRunner(web.Server(self._answer))
        await runner.setup()
        await web.UnixSite(runner, str(self.settings.folder.run / "hub.sock")).start()
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        self.requests.append((request.method, request.raw_path))
        headers = {"X-JupyterHub-Version": jupyterhub.__version__}
        if request.path.rstrip("/") == "/hub/api":
            return web.json_response({"version": jupyterhub.__version__}, headers=headers)
        if request.headers.get("Authorization") not in (f"token {self.token}", f"Bearer {self.token}"):
            return web.json_response({"status": 403}, status=403, headers=headers)
        scopes = [f"access:servers!server={self.subject}/{self.project}"]
        return web.json_response(
            {"name": self.subject, "kind": "user", "groups": [], "scopes": scopes, "session_id": None}, headers=headers
        )

    def spawner(self, kind: type[Any] = BubblewrapSpawner, **traits: Any) -> Any:
        """The spawner of this person's workspace, as the hub would make it."""
        prefix = f"/user/{quote(self.subject)}/"
        address = socket_url(self.settings.folder.run / "hub.sock", "/hub/")
        named = type("NamedSpawner", (kind,), {"name": self.project})
        spawner = named(
            **traits,
            settings=self.settings,
            user=SimpleNamespace(
                id=1, name=self.subject, escaped_name=quote(self.subject), url=prefix, base_url=prefix
            ),
            hub=Hub(bind_url=address, base_url="/hub/", public_host=""),
            orm_spawner=None,
            oauth_client_id="jupyterhub-user-one",
            api_token=self.token,
        )
        spawner.server = Server(base_url=f"{prefix}{self.project}/")
        return spawner
