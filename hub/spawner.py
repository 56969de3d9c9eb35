"""JupyterHub's spawner: one bubblewrap sandbox per person and project, reached over unix sockets.

Promise: nothing starts unless the register says that the person may work in the project at that moment; a workspace's
channel and sockets end with it; a workspace outlives a restart of the hub and is found again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cached_property, partial
from typing import Any, TypeVar

import aiohttp
from jupyterhub.spawner import Spawner, SpawnException
from traitlets import Any as AnyTrait
from traitlets import default

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub.farewell import save_open_documents
from hub.housekeeping.idling import report_seconds
from hub.names import INSIDE_HUB_SOCKET, WorkspacePlaces, places_of, socket_url
from hub.relay import WorkspaceRelay
from hub.sandbox import SERVER_COMMAND
from hub.sandbox_process import Streams
from hub.supervisor.logs import open_log, turn_over
from hub.workspace_image import chosen_image
from hub.workspace_record import Record, record_of
from hub.workspace_standing import TERMINALS, Standing, store_of
from hub.workspace_start import GRACE_SECONDS, Prepared, Started, end_workspace, prepare_workspace, start_workspace

LOOK_SECONDS = 0.1
ENDED, FORBIDDEN, BROKEN = 0, 403, 500
OUR_FAULT = frozenset(
    {"sandbox-failed", "server-failed", "no-bubblewrap", "no-sandbox", "no-workspace-environment", "home-not-owned"}
) | {"limits-too-weak", "limits-not-set"}

Result = TypeVar("Result")


class BubblewrapSpawner(Spawner):  # type: ignore[misc]  # jupyterhub ships no types
    """Starts, finds and ends one workspace. The server's name is the project's slug."""

    settings = AnyTrait(config=True, help="the gateway's Settings")

    @default("settings")
    def _settings(self) -> Settings:
        return load_settings()

    @default("ip")
    def _ip(self) -> str:
        return "127.0.0.1"  # named in an address only: the server listens on the socket it inherits

    @default("port")
    def _port(self) -> int:
        return 8888

    @default("hub_connect_url")
    def _hub_connect_url(self) -> str:
        return socket_url(INSIDE_HUB_SOCKET)

    @default("default_url")
    def _default_url(self) -> str:
        return "/lab"

    @default("disable_user_config")
    def _disable_user_config(self) -> bool:
        return True

    @default("poll_interval")
    def _poll_interval(self) -> int:
        return 10

    @default("http_timeout")
    def _http_timeout(self) -> int:
        return 120  # a hub that starts again ends a server that does not answer for so long: being busy is no crime

    @default("apply_user_options")
    def _apply_user_options(self) -> Callable[[Spawner, Mapping[str, object]], None]:
        return _leave_to_start

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._started: Started | None = None
        self._relay: WorkspaceRelay | None = None
        self._channel = ""
        self._uid = -1
        self._starting = False
        self._work: asyncio.Task[Any] | None = None
        self._steps: list[tuple[int, str]] = []

    @cached_property
    def _standing(self) -> Standing:
        return Standing(store_of(self.settings), self.user.name, self.name)

    @cached_property
    def places(self) -> WorkspacePlaces:
        """Where this workspace's home and sockets are."""
        return places_of(self.settings.folder, self.user.name, self.name)

    @property
    def running(self) -> tuple[Started, int] | None:
        """The sandbox and its user number, for the watch of disk space; None while there is none."""
        return None if self._started is None else (self._started, self._uid)

    async def start(self) -> str:
        """Start it and return its http+unix address. Raises SpawnException: 403 if the register says no."""
        self._starting, self._steps = True, []
        try:
            return await self._start()
        except Refusal as refusal:
            await self._clean_up(grace=0.0)
            raise _as_spawn_exception(refusal) from None
        except BaseException:
            await self._clean_up(grace=0.0)
            raise
        finally:
            self._starting = False

    async def _start(self) -> str:
        self._tell(5, "Checking your approval")
        await self._to_its_end(self._standing.check_approved)
        self._tell(20, "Preparing your home folder")
        image = chosen_image(self.user_options)
        prepared = await self._to_its_end(partial(prepare_workspace, self.places, image))
        self._uid = prepared.uid
        await self._to_its_end(self._open_channel)
        await self._open_relay()
        self._tell(40, "Closing the walls: no network, no other folders")
        await self._to_its_end(partial(self._start_sandbox, prepared, self._variables()))
        self._tell(60, "Starting the notebook server")
        await self._wait_until_it_answers()
        self._tell(95, "The notebook server answers")
        return socket_url(self.places.server_socket)

    async def _to_its_end(self, step: Callable[[], Result]) -> Result:
        """Do the step in a thread. If we are cancelled meanwhile (the hub's start timeout), cleaning up waits for it:
        what it starts must not be forgotten."""
        work = asyncio.create_task(asyncio.to_thread(step))
        self._work = work
        return await asyncio.shield(work)

    def _variables(self) -> dict[str, str]:
        """What the server inside is told: the hub's own words, how often the hub wants to hear of its use, and whether
        its project has terminals."""
        variables: dict[str, str] = self.get_env()
        variables["JUPYTERHUB_ACTIVITY_INTERVAL"] = str(report_seconds(self.settings))
        variables[TERMINALS] = "1" if self._standing.has_terminals else "0"
        return variables

    def _open_channel(self) -> None:
        self._channel = self._standing.open_channel(self.api_token)

    def _start_sandbox(self, prepared: Prepared, variables: Mapping[str, str]) -> None:
        turn_over(self.places.log)
        with open_log(self.places.log) as log:
            self._started = start_workspace(
                self.settings,
                prepared,
                command=SERVER_COMMAND,
                variables=variables,
                streams=Streams(stdout=log, stderr=log),
                listening=True,
            )

    async def _open_relay(self) -> None:
        self._relay = WorkspaceRelay(
            self.settings, self.places, subject=self.user.name, channel=self._channel, uid=self._uid
        )
        await self._relay.open()

    async def _wait_until_it_answers(self) -> None:
        """The socket is there already, so one request waits until the server comes to answer it."""
        asking = asyncio.create_task(_ask(self.places, f"{self.server.base_url}api"))
        try:
            while not asking.done():
                await asyncio.wait({asking}, timeout=LOOK_SECONDS)
                if self._started is None or not self._started.sandbox.is_running:
                    raise Refusal("server-failed", "The notebook server ended at once.", "Ask the service desk.")
            asking.result()
        finally:
            asking.cancel()

    async def poll(self) -> int | None:
        """None while it runs or starts; 0 once it has ended. Opens the relay again after a restart of the hub."""
        if self._starting:
            return None
        if self._started is None:
            return ENDED
        if not self._started.sandbox.is_running:
            await self._clean_up(grace=0.0)
            return ENDED
        if self._relay is None:
            await self._open_relay()
        return None

    async def save_open_documents(self) -> None:
        """Wait until the open Labs have saved; nobody is asked once the approval has ended, since the edge would refuse
        what they save."""
        if (
            self._started is not None
            and self.server is not None
            and await asyncio.to_thread(lambda: self._standing.is_approved)
        ):
            await save_open_documents(self.places.server_socket, self.server.base_url)

    async def stop(self, now: bool = False) -> None:
        """End it: politely, unless `now` or the approval has ended."""
        polite = not now and await asyncio.to_thread(lambda: self._standing.is_approved)
        await self._clean_up(grace=GRACE_SECONDS if polite else 0.0)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What is happening, for the page that waits."""
        told = 0
        while True:
            for percent, message in self._steps[told:]:
                yield {"progress": percent, "message": message}
            told = len(self._steps)
            if told and not self._starting:
                return
            await asyncio.sleep(LOOK_SECONDS)

    def get_state(self) -> dict[str, Any]:
        """What the hub remembers of it over a restart."""
        state: dict[str, Any] = super().get_state()
        if self._started is not None:
            state["sandbox"] = Record(self._started, self._channel, self._uid).as_state()
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the workspace again after a restart of the hub."""
        super().load_state(state)
        if "sandbox" in state:
            found = record_of(state["sandbox"])
            self._started, self._channel, self._uid = found.started, found.channel, found.uid

    def clear_state(self) -> None:
        """Forget it: it has ended."""
        super().clear_state()
        self._started = None

    async def _clean_up(self, *, grace: float) -> None:
        """Nothing of it is left afterwards: processes, cgroup, sockets, channel. The channel is closed even if the
        rest fails, and cleaning up twice is harmless."""
        if self._work is not None:
            await asyncio.wait({self._work})
        started, relay, channel = self._started, self._relay, self._channel
        self._started, self._relay, self._channel = None, None, ""
        try:
            if channel:
                await asyncio.to_thread(self._standing.close_channel, channel)
        finally:
            if relay is not None:
                await relay.close()
            if started is not None:
                await asyncio.to_thread(end_workspace, started, grace=grace)
            self.places.server_socket.unlink(missing_ok=True)

    def _tell(self, percent: int, message: str) -> None:
        self._steps.append((percent, message))


def _leave_to_start(spawner: Spawner, options: Mapping[str, object]) -> None:
    """The hub would otherwise log them as unknown; `_start` reads them, where it can refuse in words."""
    del spawner, options


async def _ask(places: WorkspacePlaces, url_path: str) -> None:
    connector = aiohttp.UnixConnector(path=str(places.server_socket))
    async with (
        aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session,
        session.get(f"http://workspace{url_path}", allow_redirects=False),
    ):
        pass  # that there is an answer is enough: its body could be without end


def _as_spawn_exception(refusal: Refusal) -> SpawnException:
    status = BROKEN if refusal.code in OUR_FAULT else FORBIDDEN
    return SpawnException(f"{refusal.message} {refusal.remedy}".strip(), reason=refusal.code, status_code=status)
