"""What the spawners of Docker and Kubernetes do alike: the register first, a channel with a secret, the policy, then
the platform's own start; and the way back.

Promise: as in `hub.spawner`: nothing starts unless the register says that the person may work in the project at that
moment, and its channel ends with it. Nothing starts either whose specification breaks the written policy.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import aiohttp
from jupyterhub.spawner import SpawnException
from traitlets import Any as AnyTrait
from traitlets import HasTraits, default

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub.farewell import save_open_documents
from hub.housekeeping.idling import report_seconds
from hub.names import INSIDE_HUB_SOCKET, WorkspacePlaces, places_of, socket_url
from hub.relay.gate_identity import read_certificate
from hub.sidecar.greeting import SECRET_BYTES
from hub.workspace_image import DEFAULT_IMAGE
from hub.workspace_standing import TERMINALS, Standing, store_of

LOOK_SECONDS = 0.25
ANSWER_SECONDS = 10.0
FORBIDDEN, BROKEN = 403, 500
OUR_FAULT = frozenset({"server-failed", "policy-broken", "bad-settings", "platform-failed"})


class GatedWorkspace(HasTraits):
    """Laid over a platform's spawner. The server's name is the project's slug."""

    user: Any
    name: str
    server: Any
    api_token: str
    user_options: dict[str, Any]
    get_env: Callable[[], dict[str, str]]

    settings = AnyTrait(config=True, help="the gateway's Settings")

    @default("settings")
    def _settings(self) -> Settings:
        return load_settings()

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

    _channel = ""
    _is_starting = False

    @default("apply_user_options")
    def _apply_user_options(self) -> Callable[[Any, Mapping[str, object]], None]:
        return _leave_to_start

    @property
    def image_name(self) -> str:
        """The workspace image that was chosen."""
        return str(self.user_options.get("image") or DEFAULT_IMAGE)

    def variables_of_hub(self) -> dict[str, str]:
        """As the sandbox's: the hub's own words, how often it wants to hear of the server's use, and whether the
        project has terminals."""
        variables: dict[str, str] = self.get_env()
        variables["JUPYTERHUB_ACTIVITY_INTERVAL"] = str(report_seconds(self.settings))
        variables[TERMINALS] = "1" if self.standing.has_terminals else "0"
        return variables

    @cached_property
    def places(self) -> WorkspacePlaces:
        """Where the gateway keeps this workspace's sockets."""
        return places_of(self.settings.folder, self.user.name, self.name)

    @cached_property
    def standing(self) -> Standing:
        """What the register says of it."""
        return Standing(store_of(self.settings), self.user.name, self.name)

    async def is_approved(self) -> bool:
        """Whether it may be used now."""
        return await asyncio.to_thread(lambda: self.standing.is_approved)

    async def start_gated(self, begin: Callable[[str], Any]) -> str:
        """Start it and return its http+unix address. Raises SpawnException: 403 if the register says no.

        Args:
            begin: the platform's own start, called with the channel's secret once the register has agreed.
        """
        self._is_starting = True
        try:
            await asyncio.to_thread(self.standing.check_approved)
            secret = secrets.token_hex(SECRET_BYTES)
            self._channel = await asyncio.to_thread(self.standing.open_channel, self.api_token, secret)
            await begin(secret)
            await self._wait_until_it_answers()
        except Refusal as refusal:
            await self.end(now=True)
            raise as_spawn_exception(refusal) from None
        except BaseException:
            await self.end(now=True)
            raise
        finally:
            self._is_starting = False
        return socket_url(self.places.server_socket)

    async def end(self, *, now: bool) -> None:
        """The channel first, even if the platform fails: from then on nobody is served. Twice is harmless."""
        channel, self._channel = self._channel, ""
        try:
            if channel:
                await asyncio.to_thread(self.standing.close_channel, channel)
        finally:
            await self.end_on_platform(now=now)

    async def end_on_platform(self, *, now: bool) -> None:
        """Remove what the platform made, except homes. Platforms say how."""
        raise NotImplementedError

    async def is_running(self) -> bool:
        """Whether every part of it runs. Platforms say how."""
        raise NotImplementedError

    async def save_open_documents(self) -> None:
        """Wait until the open Labs have saved; nobody is asked once the approval has ended."""
        if self._channel and self.server is not None and await self.is_approved():
            await save_open_documents(self.places.server_socket, self.server.base_url)

    def credentials(self, secret: str) -> dict[str, str]:
        """The files of the sidecar's credentials, by name."""
        return {"secret": secret, "certificate.pem": read_certificate(self.settings)}

    async def _wait_until_it_answers(self) -> None:
        """The gate makes the socket once the sidecar has come; then one request waits for the server."""
        while not await _answers(self.places.server_socket, f"{self.server.base_url}api"):
            if not await self.is_running():
                raise Refusal("server-failed", "The notebook server ended at once.", "Ask the service desk.")
            await asyncio.sleep(LOOK_SECONDS)


def as_spawn_exception(refusal: Refusal) -> SpawnException:
    """The refusal as JupyterHub shows it."""
    status = BROKEN if refusal.code in OUR_FAULT else FORBIDDEN
    return SpawnException(f"{refusal.message} {refusal.remedy}".strip(), reason=refusal.code, status_code=status)


def _leave_to_start(spawner: Any, options: Mapping[str, object]) -> None:
    """The hub would otherwise log them as unknown; the start reads them, where it can refuse in words."""
    del spawner, options


async def _answers(socket: Path, url_path: str) -> bool:
    if not socket.exists():
        return False
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(socket)), timeout=timeout) as session,
            session.get(f"http://workspace{url_path}", allow_redirects=False),
        ):
            return True  # its head is enough: what a workspace sends has no end unless it wants one
    return False
