"""Stands where a Docker engine listens: answers what the client library asks, records it, and starts real processes.

No engine: a "container" here is a plain process without any wall. What is shown with it is the spawner's own way (what
is asked for, in which order, what is removed), and that the parts it names fit together.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

Start = Callable[[dict[str, Any]], subprocess.Popen[bytes] | None]


@dataclass
class FakeEngine:
    """`begin` starts what a container runs, given the request it was made with."""

    begin: Start
    asked: list[tuple[str, str]] = field(default_factory=list)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes] | None] = field(default_factory=dict)
    refuses: str = ""
    internal: bool = True

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = re.sub(r"^/v[0-9.]+", "", request.path)
        self.asked.append((request.method, path))
        if self.refuses and self.refuses in path:
            return web.json_response({"message": "no"}, status=500)
        if path == "/version":
            return web.json_response({"ApiVersion": "1.47", "Version": "28"})
        if path == "/containers/create":
            name = request.query["name"]
            self.made[name] = json.loads(await request.read())
            return web.json_response({"Id": name, "Warnings": []}, status=201)
        if path.startswith("/networks/"):
            return web.json_response({"Name": path.rpartition("/")[2], "Internal": self.internal})
        if path.startswith("/images/"):
            return web.json_response({"Id": "i"})
        kind, _, rest = path.strip("/").partition("/")
        name, _, verb = rest.partition("/")
        if kind == "volumes":
            return web.Response(status=204)
        if name not in self.made:
            return web.json_response({"message": "no such container"}, status=404)
        return await self._container(request.method, name, verb)

    async def _container(self, method: str, name: str, verb: str) -> web.StreamResponse:
        if verb == "json":
            started = self.running.get(name)
            is_running = name in self.running and (started is None or started.poll() is None)
            return web.json_response({"Id": name, "State": {"Running": is_running}})
        if verb == "start":
            self.running[name] = await asyncio.to_thread(self.begin, self.made[name])
        elif verb == "stop" or method == "DELETE":
            self.end(name)
            if method == "DELETE":
                del self.made[name]
        return web.Response(status=204)

    def end(self, name: str) -> None:
        started = self.running.pop(name, None)
        if started is not None:
            started.terminate()
            started.wait(10)


@contextmanager
def fake_engine(socket: Path, begin: Start) -> Iterator[FakeEngine]:
    """Listening on this unix socket, in an event loop of its own."""
    engine, loop = FakeEngine(begin), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(engine.answer))
        await runner.setup()
        await web.UnixSite(runner, str(socket)).start()
        return runner

    runner = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
    try:
        yield engine
    finally:
        for name in list(engine.running):
            engine.end(name)
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def python(*arguments: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A process in the place of a container."""
    return subprocess.Popen([sys.executable, *arguments], env=environment)
