"""The edge's own record of its routes. Promise: an edge that falls comes back with every route it had, also while the
hub is away; and no record, whatever it holds, routes to anything but a socket of this gateway."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import structlog

from hub.edge.table import Route, make_route

log = structlog.get_logger("edge")


def as_words(route: Route) -> dict[str, Any]:
    """The route as the hub said it."""
    return {"routespec": route.spec, "target": route.target, "data": dict(route.data)}


def from_words(said: Mapping[str, Any], run: Path) -> Route:
    """The route of these words. Raises ValueError unless it leads to a unix socket below the run folder."""
    spec, target, data = said.get("routespec"), said.get("target"), said.get("data")
    if not isinstance(spec, str) or not isinstance(target, str) or not isinstance(data, dict):
        raise ValueError("a route has a specification, a target and data")
    route = make_route(spec, target, data)
    if ".." in route.socket.parts or not route.socket.is_relative_to(run):
        raise ValueError("the edge forwards to this gateway's own sockets only")
    return route


class RouteRecord:
    """One file in the run folder, replaced as a whole at each change."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._file = run / "edge-routes.json"

    def read(self) -> list[Route]:
        """The routes of the last run; none if there is no record. What cannot be read is left out and logged: the hub
        adds what is missing."""
        try:
            said = json.loads(self._file.read_text())
            return [from_words(words, self._run) for words in said]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("edge.record-unreadable", error=type(error).__name__)
            return []

    def write(self, routes: Iterable[Route]) -> None:
        """Replace the record. It survives the death of the process, and need not survive that of the machine."""
        new = self._file.with_name(f"{self._file.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            json.dump([as_words(route) for route in routes], opened)
        new.replace(self._file)
