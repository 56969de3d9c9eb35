"""Speaks to the edge over its private socket, for the hub. Waits out a restart of the edge, but not for ever."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from hub.edge.control import SOCKET

CALL_SECONDS = 10.0
ASK_AGAIN_SECONDS = 0.1


class EdgeAwayError(Exception):
    """The edge did not answer in time."""


class EdgeClient:
    """Calls of one event loop. `patience` is how long a call waits for an edge that is away, in seconds."""

    def __init__(self, run: Path, patience: float = 15.0) -> None:
        self._socket = run / SOCKET
        self._patience = patience

    async def identity(self) -> str:
        """Differs from one start of the edge to the next; asked once, without patience. Raises EdgeAwayError."""
        return str((await self._once("GET", "/health"))["edge"])

    async def routes(self) -> list[dict[str, Any]]:
        """Every route that the hub gave. Raises EdgeAwayError."""
        said = await self._call("GET", "/routes")
        return list(said)

    async def add(self, spec: str, target: str, data: dict[str, Any]) -> None:
        """Raises ValueError for a route the edge does not take, and EdgeAwayError."""
        await self._call("POST", "/routes", body={"routespec": spec, "target": target, "data": data})

    async def remove(self, spec: str) -> None:
        """An unknown one is fine. Raises EdgeAwayError."""
        await self._call("DELETE", "/routes", parameters={"routespec": spec})

    async def _call(self, method: str, path: str, **arguments: Any) -> Any:
        ends = time.monotonic() + self._patience
        while True:
            try:
                return await self._once(method, path, **arguments)
            except EdgeAwayError:
                if time.monotonic() > ends:
                    raise
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def _once(self, method: str, path: str, body: Any = None, parameters: dict[str, str] | None = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        connector = aiohttp.UnixConnector(str(self._socket))
        try:
            async with (
                aiohttp.ClientSession("http://edge", connector=connector, timeout=timeout) as session,
                session.request(method, path, json=body, params=parameters) as answer,
            ):
                if answer.status == HTTPStatus.BAD_REQUEST:
                    raise ValueError("the edge does not take this route")
                answer.raise_for_status()
                return await answer.json() if answer.status != HTTPStatus.NO_CONTENT else None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise EdgeAwayError from error
