"""The hub's own view of the edge: JupyterHub's Proxy, kept inside the hub's process. No Node, no second daemon."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from functools import cached_property
from typing import Any
from urllib.parse import quote

from jupyterhub.proxy import Proxy
from tornado.ioloop import PeriodicCallback

from governance.settings import Settings, load_settings
from governance.store import open_store
from hub.addresses import known_hosts
from hub.edge.approval import Approval
from hub.edge.forward import MEBIBYTE, EdgeAddress
from hub.edge.headers import content_policy
from hub.edge.meter import Meter
from hub.edge.server import Edge
from hub.edge.sweep import SWEEP_SECONDS, stop_unapproved
from hub.edge.table import Route, RouteTable, make_route
from hub.services import SERVICES

LARGEST_UPLOAD = 256 * MEBIBYTE


def fixed_routes(settings: Settings) -> Iterable[Route]:
    """Routes to the services beside the hub."""
    for service in SERVICES:
        if service.prefix and (service.in_production or settings.is_demo):
            socket = quote(str(settings.folder.run / service.socket), safe="")
            yield make_route(service.prefix, f"http+unix://{socket}", {})


def make_edge(settings: Settings) -> Edge:
    """The edge of these settings, not yet listening."""
    store = open_store(settings)
    upload = min(settings.egress_files * settings.egress_file_bytes, LARGEST_UPLOAD) + MEBIBYTE
    return Edge(
        table=RouteTable(fixed_routes(settings)),
        address=EdgeAddress(settings.url, content_policy(settings.url), service_body_bytes=upload),
        hosts=known_hosts(settings),
        approval=Approval(store),
        meter=Meter(store),
    )


class EdgeProxy(Proxy):  # type: ignore[misc]  # jupyterhub ships no types
    """JupyterHub's Proxy over the edge's routing table. The routes live in memory: the hub adds them again at start."""

    @cached_property
    def settings(self) -> Settings:
        """The gateway's settings; JupyterHub's configuration cannot carry them."""
        return load_settings()

    @cached_property
    def edge(self) -> Edge:
        """The server behind this proxy."""
        return make_edge(self.settings)

    @cached_property
    def _sweep(self) -> PeriodicCallback:
        def sweep() -> Awaitable[None]:
            return stop_unapproved(self.app, self.edge.table, self.edge.approval)

        return PeriodicCallback(sweep, SWEEP_SECONDS * 1000)

    async def start(self) -> None:
        """Listen on the one TCP port, and begin to sweep."""
        await self.edge.start(self.settings.host, self.settings.port)
        self._sweep.start()

    async def stop(self) -> None:
        """Close it."""
        self._sweep.stop()
        await self.edge.stop()

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        """Route a prefix to a unix socket. Raises ValueError for any other target."""
        self.edge.table.add(make_route(self.validate_routespec(routespec), target, data))

    async def delete_route(self, routespec: str) -> None:
        """Forget a prefix; unknown ones are fine."""
        gone = self.edge.table.remove(self.validate_routespec(routespec))
        if gone is not None:
            await self.edge.forget(gone)

    async def get_all_routes(self) -> dict[str, dict[str, Any]]:
        """The hub's own routes, as it gave them."""
        return {
            route.spec: {"routespec": route.spec, "target": route.target, "data": dict(route.data)}
            for route in self.edge.table.added()
        }
