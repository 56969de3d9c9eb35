"""A real workspace sandbox that tests can ask to run Python inside, with its relay and services that only record.

Started through the very functions that the spawner uses; only the notebook server is replaced by a small loop.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from governance.settings import Settings
from hub.names import WorkspacePlaces, places_of
from hub.relay import WorkspaceRelay
from hub.sandbox import PYTHON
from hub.sandbox_process import Streams
from hub.workspace_start import Prepared, Started, end_workspace, prepare_workspace, start_workspace

LOOP = """
import json, sys
for line in sys.stdin:
    names = {}
    try:
        exec(json.loads(line), names)
        answer = {"result": names.get("result")}
    except BaseException as error:
        answer = {"error": type(error).__name__, "errno": getattr(error, "errno", None), "text": str(error)}
    sys.stdout.write(json.dumps(answer) + "\\n")
    sys.stdout.flush()
"""


@dataclass
class Walled:
    """One running sandbox."""

    places: WorkspacePlaces
    prepared: Prepared
    started: Started
    channel: str

    @property
    def popen(self) -> subprocess.Popen[bytes]:
        held = self.started.sandbox.popen
        assert held is not None
        return held

    def run(self, code: str) -> Any:
        """What the code leaves in `result`. Raises AssertionError with the error from inside."""
        answer = self.attempt(code)
        assert "error" not in answer, answer
        return answer["result"]

    def attempt(self, code: str) -> dict[str, Any]:
        """The same, errors as data: {"error", "errno", "text"}."""
        assert self.popen.stdin is not None and self.popen.stdout is not None
        self.popen.stdin.write(json.dumps(code).encode() + b"\n")
        self.popen.stdin.flush()
        line = self.popen.stdout.readline()
        assert line, "the sandbox has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def walled(
    settings: Settings, subject: str, project: str, *, name: str = "", channel: str = "0" * 32, token: str = "own-token"
) -> Iterator[Walled]:
    """A sandbox for this person and project, without a relay."""
    places = places_of(settings.folder, subject, project, name)
    prepared = prepare_workspace(places)
    started = start_workspace(
        settings,
        prepared,
        command=(PYTHON, "-u", "-c", LOOP),
        variables={"JUPYTERHUB_API_TOKEN": token, "JUPYTERHUB_USER": subject, "HOST_SECRET": "never"},
        streams=Streams(stdin=subprocess.PIPE, stdout=subprocess.PIPE),
        dies_with_parent=True,
    )
    try:
        yield Walled(places, prepared, started, channel)
    finally:
        end_workspace(started, grace=0)
        for pipe in (started.sandbox.popen.stdin, started.sandbox.popen.stdout) if started.sandbox.popen else ():
            if pipe is not None:
                pipe.close()


@dataclass
class Recorder:
    """Stands where the hub, the guard and the airlock listen; remembers what reached it, answers 200."""

    settings: Settings
    reached: list[tuple[str, str, str, dict[str, str], int]] = field(default_factory=list)

    async def _answer(self, service: str, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.reached.append((service, request.method, request.raw_path, headers, len(body)))
        return web.json_response({"service": service}, headers={"Set-Cookie": "a=b", "X-JupyterHub-Version": "6"})

    async def open(self) -> list[web.ServerRunner]:
        runners = []
        for service in ("hub", "guard", "airlock"):

            async def handle(request: web.BaseRequest, service: str = service) -> web.Response:
                return await self._answer(service, request)

            runner = web.ServerRunner(web.Server(handle))
            await runner.setup()
            await web.UnixSite(runner, str(self.settings.folder.run / f"{service}.sock")).start()
            runners.append(runner)
        return runners


@contextmanager
def relayed(settings: Settings, *workspaces: Walled) -> Iterator[Recorder]:
    """The workspaces' relays in front of a recorder, in an event loop of their own."""
    loop, recorder = asyncio.new_event_loop(), Recorder(settings)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(step: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(step, loop).result(20)

    runners = wait(recorder.open())
    relays = [
        WorkspaceRelay(settings, one.places, subject="researcher-a", channel=one.channel, uid=one.prepared.uid)
        for one in workspaces
    ]
    try:
        for relay in relays:
            wait(relay.open())
        yield recorder
    finally:
        for relay in relays:
            wait(relay.close())
        for runner in runners:
            wait(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
