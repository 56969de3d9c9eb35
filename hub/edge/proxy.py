"""The hub's own view of the edge: JupyterHub's Proxy as a client of the edge's private socket. Promise: whatever the
hub or the edge missed while the other was away is put right within seconds of its return."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import structlog
from jupyterhub.proxy import Proxy
from tornado.ioloop import PeriodicCallback

from governance.settings import Settings, load_settings
from hub.edge.client import EdgeAwayError, EdgeClient
from hub.housekeeping import Rounds, begin

LOOK_SECONDS = 1.0
START_SECONDS = 60.0

log = structlog.get_logger("hub")


class EdgeProxy(Proxy):  # type: ignore[misc]  # jupyterhub ships no types
    """JupyterHub's Proxy. The hub neither starts nor ends the edge, which is the supervisor's; `should_start` stays
    True all the same: JupyterHub then calls `start` and `stop`, where the hub's periodic duties begin and end."""

    @cached_property
    def settings(self) -> Settings:
        """The gateway's settings; JupyterHub's configuration cannot carry them."""
        return load_settings()

    @cached_property
    def edge(self) -> EdgeClient:
        """The way to the edge."""
        return EdgeClient(self.settings.folder.run)

    @cached_property
    def _looking(self) -> PeriodicCallback:
        return PeriodicCallback(self._look, LOOK_SECONDS * 1000)

    _housekeeping: Rounds | None = None

    async def start(self) -> None:
        """Wait for the edge, which starts beside the hub, and begin the hub's housekeeping. Raises EdgeAwayError."""
        await EdgeClient(self.settings.folder.run, patience=START_SECONDS).routes()
        self._seen = ""
        self._looking.start()
        self._housekeeping = begin(self.app, self.settings)

    async def stop(self) -> None:
        """End the housekeeping; the edge goes on, and workspaces stay open to their browsers."""
        self._looking.stop()
        if self._housekeeping is not None:
            await self._housekeeping.end()

    async def delete_user(self, user: Any, server_name: str = "") -> None:
        """Before a workspace is taken from its browsers, what is open in them is saved."""
        spawner = user.spawners.get(server_name)
        if spawner is not None:
            await spawner.save_open_documents()
        await super().delete_user(user, server_name)

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        """Route a prefix to a unix socket of this gateway. Raises ValueError for another, and EdgeAwayError."""
        await self.edge.add(self.validate_routespec(routespec), target, data)

    async def delete_route(self, routespec: str) -> None:
        """Forget a prefix; unknown ones are fine. An edge that is away reaches nobody, and is told when it is back."""
        try:
            await self.edge.remove(self.validate_routespec(routespec))
        except EdgeAwayError:
            log.warning("edge.away", step="delete-route")

    async def get_all_routes(self) -> dict[str, dict[str, Any]]:
        """The hub's own routes, as it gave them. Raises EdgeAwayError."""
        return {route["routespec"]: route for route in await self.edge.routes()}

    async def _look(self) -> None:
        """Compare routes with an edge that was started anew: it has its own record, and this hub may know better."""
        try:
            identity = await self.edge.identity()
            if identity != self._seen:
                await self.check_routes(self.app.users, self.app._service_map)
                self._seen = identity
        except EdgeAwayError:
            self._seen = ""
