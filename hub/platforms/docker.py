"""JupyterHub's spawner for Docker: one container without a network, and one sidecar, for each person and project.

Promise: what the engine is asked to make keeps the written policy, checked on the very request; the secret is in a file
that only the sidecar's container has.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from functools import cached_property
from typing import Any

from docker.errors import APIError, NotFound
from dockerspawner import DockerSpawner

from governance.refusal import Refusal
from hub.ownership import give
from hub.platforms.container import SIDECAR_USER, container_image, workspace_variables
from hub.platforms.docker_specification import Container, DockerNames, sidecar_container, workspace_container
from hub.platforms.facts import Part
from hub.platforms.gated import GatedWorkspace
from hub.platforms.policy import check_keeps_policy
from hub.platforms.read_docker import read_docker

GATEWAY_LETTERS = 8


class GatedDockerSpawner(GatedWorkspace, DockerSpawner):  # type: ignore[misc]  # dockerspawner ships no types
    """dockerspawner's client, polling and stopping; our own request for what is made."""

    @cached_property
    def names(self) -> DockerNames:
        """Names of this workspace's containers and volumes."""
        gateway = hashlib.sha256(str(self.settings.folder.root).encode()).hexdigest()[:GATEWAY_LETTERS]
        return DockerNames(gateway, self.places.slug, self.name)

    async def start(self) -> str:
        """Start both containers and return the http+unix address of the server."""
        return await self.start_gated(self._begin)

    async def _begin(self, secret: str) -> None:
        self.image = container_image(self.settings, self.image_name)
        self.object_name = self.names.workspace
        await self.end_on_platform(now=True)  # what an earlier hub may have left
        workspace, sidecar = self._workspace(), self._sidecar()
        parts = ((sidecar, Part.SIDECAR), (workspace, Part.WORKSPACE))
        check_keeps_policy(*(self._read(container, part) for container, part in parts))
        await self._check_network()
        await asyncio.to_thread(self.settings.folder.imports_of, self.names.project)
        await asyncio.to_thread(self._write_credentials, secret)
        for container, part in parts:
            await self.pull_image(container.create["image"])
            made = await self.docker("create_container", **self._request(container))
            if part is Part.WORKSPACE:
                self.object_id = made["Id"]
            await self.docker("start", made["Id"])

    async def _check_network(self) -> None:
        """A request names the sidecars' network; only the engine knows whether it leads outside."""
        try:
            found = await self.docker("inspect_network", self.settings.docker_network)
        except NotFound:
            found = {}
        if not found.get("Internal"):
            raise Refusal(
                "policy-broken",
                f"There is no internal network {self.settings.docker_network}.",
                "Make it as docs/how-to/deploy-on-docker-or-kubernetes.md says.",
            )

    def _workspace(self) -> Container:
        variables = workspace_variables(self.image_name, self.variables_of_hub())
        return workspace_container(self.settings, self.names, image=self.image, variables=variables)

    def _sidecar(self) -> Container:
        return sidecar_container(self.settings, self.names, credentials=self._credentials_folder, user=_sidecar_user())

    def _request(self, container: Container) -> dict[str, Any]:
        return {**container.create, "host_config": self.client.create_host_config(**container.host)}

    def _read(self, container: Container, part: Part) -> Any:
        """The request, as the client would send it, in the words of the policy."""
        request = self._request(container)
        body = self.client.create_container_config(
            **{name: value for name, value in request.items() if name not in ("name",)}
        )
        imports = str(self.settings.folder.imports / self.names.project)
        return read_docker(body, part, gate_network=self.settings.docker_network, imports=imports)

    @property
    def _credentials_folder(self) -> Any:
        return self.places.run / "gate"

    def _write_credentials(self, secret: str) -> None:
        """Readable by the sidecar's user only. The folders above are the gateway's alone."""
        folder = self._credentials_folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        for name, text in self.credentials(secret).items():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(text)
            give(folder / name, _sidecar_user())
        give(folder, _sidecar_user())

    async def poll(self) -> Any:
        """None while both containers run, or while they are being started."""
        if self._is_starting:
            return None
        return None if self.object_id and await self.is_running() else 0

    async def is_running(self) -> bool:
        """Whether both run: a workspace without its sidecar is reached by nobody."""
        return all([await self._runs(name) for name in (self.names.workspace, self.names.sidecar)])

    async def _runs(self, name: str) -> bool:
        try:
            return bool((await self.docker("inspect_container", name))["State"]["Running"])
        except NotFound:
            return False

    async def stop(self, now: bool = False) -> None:
        """End both and remove them; homes stay."""
        polite = not now and await self.is_approved()
        await self.end(now=not polite)
        self.clear_state()

    async def end_on_platform(self, *, now: bool) -> None:
        """The workspace first, then its sidecar, the folder they shared and the secret."""
        for name in (self.names.workspace, self.names.sidecar):
            await self._remove(name, polite=not now and name == self.names.workspace)
        await self._unless_gone("remove_volume", self.names.channel)
        await asyncio.to_thread(shutil.rmtree, self._credentials_folder, ignore_errors=True)
        self.object_id = ""

    async def _remove(self, name: str, *, polite: bool) -> None:
        if polite:
            await self._unless_gone("stop", name)
        await self._unless_gone("remove_container", name, v=False, force=True)

    async def _unless_gone(self, method: str, *arguments: Any, **options: Any) -> None:
        try:
            await self.docker(method, *arguments, **options)
        except NotFound:
            return
        except APIError as error:
            raise Refusal("platform-failed", f"The engine refused: {method}.", "Look into its log.") from error

    def get_state(self) -> dict[str, Any]:
        """dockerspawner's, and the channel: no secret."""
        state: dict[str, Any] = super().get_state()
        return {**state, "channel": self._channel} if self._channel else state

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the workspace again after a restart of the hub; the gate and the sidecar went on without it."""
        super().load_state(state)
        self._channel = state.get("channel", "")


def _sidecar_user() -> int:
    """Under root a number of its own; else the gateway's, since no other could read the secret."""
    return SIDECAR_USER if os.geteuid() == 0 else os.geteuid()
