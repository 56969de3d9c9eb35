"""The routing table: which prefix of the gateway's address goes to which unix socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from hub.edge.paths import RequestPath


@dataclass(frozen=True)
class Workspace:
    """Whose workspace a route leads to."""

    subject: str
    project: str


@dataclass(frozen=True)
class Route:
    """One prefix. `data` is the hub's own note, handed back to it unchanged."""

    spec: str
    prefix: tuple[str, ...]
    target: str
    socket: Path
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def workspace(self) -> Workspace | None:
        """The workspace behind the route, or None for the hub and the services."""
        if "user" not in self.data:
            return None
        return Workspace(str(self.data["user"]), str(self.data.get("server_name", "")))


def make_route(spec: str, target: str, data: Mapping[str, Any]) -> Route:
    """A route from the hub's words: `/user/a/p/` and `http+unix://%2Frun%2Fs.sock`. Raises ValueError for anything
    but a unix socket: nothing behind the edge listens on TCP."""
    parts = urlsplit(target)
    if parts.scheme != "http+unix" or not spec.startswith("/") or not spec.endswith("/"):
        raise ValueError("the edge forwards to unix sockets only")
    # The hub stores port 80 with such an address and hands it back as part of the name.
    socket = unquote(parts.netloc.removesuffix(":80"))
    return Route(spec, prefix_of(spec), target, Path(socket), MappingProxyType(dict(data)))


def prefix_of(spec: str) -> tuple[str, ...]:
    """The decoded segments of a route specification."""
    return tuple(unquote(part) for part in spec.strip("/").split("/") if part)


class RouteTable:
    """Longest prefix wins. Fixed routes are the supervisor's services, which the hub does not know."""

    def __init__(self, fixed: Iterable[Route] = ()) -> None:
        self._fixed = {route.prefix: route for route in fixed}
        self._routes: dict[tuple[str, ...], Route] = {}

    def add(self, route: Route) -> Route | None:
        """Add or replace; returns the route that was there. Raises ValueError for the prefix of a fixed route."""
        if route.prefix in self._fixed:
            raise ValueError("this prefix belongs to a service of the gateway")
        before = self._routes.get(route.prefix)
        self._routes[route.prefix] = route
        return before

    def remove(self, spec: str) -> Route | None:
        """Forget the route of this specification and return it, if there is one."""
        return self._routes.pop(prefix_of(spec), None)

    def find(self, path: RequestPath) -> Route | None:
        """The route with the longest prefix of the path. The last segment counts only as part of a whole prefix."""
        for length in range(len(path.segments), -1, -1):
            prefix = path.segments[:length]
            route = self._fixed.get(prefix) or self._routes.get(prefix)
            if route is not None:
                return route
        return None

    def added(self) -> list[Route]:
        """The routes that came from the hub."""
        return list(self._routes.values())
