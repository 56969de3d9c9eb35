"""JupyterHub's spawner for Kubernetes: one pod of two containers for each person and project.

Promise: the pod keeps the written policy together with the network policies that are in force in its namespace, which
are read each time: where they do not close the pod in, nothing starts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from functools import cached_property
from typing import Any

from kubernetes_asyncio.client import V1ObjectMeta, V1PersistentVolumeClaim, V1Pod
from kubernetes_asyncio.client.rest import ApiException
from kubespawner import KubeSpawner
from kubespawner.clients import shared_client
from traitlets import default

from governance.refusal import Refusal
from hub.names import socket_url
from hub.platforms.container import container_image, workspace_variables
from hub.platforms.gated import GatedWorkspace
from hub.platforms.kubernetes_specification import (
    TOKEN_KEY,
    TOKEN_VARIABLE,
    KubernetesNames,
    Manifest,
    gateway_label,
    home_claim,
    pod,
    secret,
    shared_claim,
)
from hub.platforms.policy import check_keeps_policy
from hub.platforms.read_kubernetes import read_kubernetes

NOT_THERE = 404
GATEWAY_NAMESPACE = "sde"
REQUEST_SECONDS = 10.0


class GatedKubeSpawner(GatedWorkspace, KubeSpawner):  # type: ignore[misc]  # kubespawner ships no types
    """kubespawner's watching, creating and deleting; our own manifests."""

    @default("namespace")
    def _workspaces_namespace(self) -> str:
        return str(self.settings.kubernetes_namespace)

    @default("events_enabled")
    def _no_events(self) -> bool:
        return False  # the gateway has no right to read them

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._name_objects()

    def _name_objects(self) -> None:
        self.pod_name, self.pvc_name, self.secret_name = self.names.pod, self.names.home, self.names.gate

    @cached_property
    def names(self) -> KubernetesNames:
        """Names of this workspace's objects."""
        return KubernetesNames(gateway_label(str(self.settings.folder.root)), self.places.slug, self.name)

    async def start(self) -> str:
        """Start the pod and return the http+unix address of the server."""
        self._name_objects()
        return await self.start_gated(self._begin)

    async def _begin(self, channel_secret: str) -> None:
        self.image = container_image(self.settings, self.image_name)
        check_keeps_policy(
            *read_kubernetes(
                self._pod_manifest(),
                await self._network_policies(),
                gate_port=self.settings.gate_port,
                gate_namespace=GATEWAY_NAMESPACE,
            )
        )
        await self.end_on_platform(now=True)  # what an earlier hub may have left
        for name, content in (
            (self.names.token, {TOKEN_KEY: self.api_token}),
            (self.names.gate, self.credentials(channel_secret)),
        ):
            await self._ask(self.api.create_namespaced_secret(self.namespace, secret(self.names, name, content)))
        await asyncio.to_thread(self.settings.folder.imports_of, self.names.project)
        if self.settings.kubernetes_shared_class:
            await self._make_shared_claim()
        await KubeSpawner._start(self)

    def _pod_manifest(self) -> Manifest:
        own = self.variables_of_hub()
        own.pop(TOKEN_VARIABLE, None)
        variables = workspace_variables(self.image_name, own)
        return pod(self.settings, self.names, image=self.image, variables=variables)

    async def _network_policies(self) -> list[Manifest]:
        """Those that are in force in the namespace, as manifests."""
        client = shared_client("NetworkingV1Api")
        found = await self._ask(client.list_namespaced_network_policy(self.namespace))
        manifests: list[Manifest] = client.api_client.sanitize_for_serialization(found)["items"]
        return manifests

    async def get_pod_manifest(self) -> V1Pod:
        """Ours, for kubespawner to create."""
        made = self._pod_manifest()
        metadata = V1ObjectMeta(name=made["metadata"]["name"], labels=made["metadata"]["labels"])
        return V1Pod(api_version="v1", kind="Pod", metadata=metadata, spec=made["spec"])

    def get_pvc_manifest(self) -> V1PersistentVolumeClaim:
        """The home's claim. It is never deleted here: a home outlives its workspace."""
        return _claim(home_claim(self.settings, self.names))

    @default("storage_pvc_ensure")
    def _ensure_home(self) -> bool:
        return True

    async def _make_shared_claim(self) -> None:
        made = _claim(shared_claim(self.settings, self.names))
        if not await self._make_create_pvc_request(made, REQUEST_SECONDS):
            raise Refusal("platform-failed", "The cluster did not answer.", "Try again in a minute.")

    def _get_pod_url(self, started: Any) -> str:
        """Not the pod's address, at which nothing listens."""
        del started
        return socket_url(self.places.server_socket)

    async def poll(self) -> int | None:
        """None while both containers run, or while they are being started."""
        if self._is_starting:
            return None
        return None if self._channel and await self.is_running() else 1

    async def is_running(self) -> bool:
        """Whether the pod is there and neither container has ended."""
        await self._start_watching_pods()
        found = self.pod_reflector.pods.get(f"{self.namespace}/{self.pod_name}")
        if found is None or found["metadata"].get("deletionTimestamp"):
            return False
        containers = found["status"].get("containerStatuses") or []
        is_whole = not any("terminated" in container["state"] for container in containers)
        return is_whole and found["status"].get("phase") in ("Pending", "Running")

    async def stop(self, now: bool = False) -> None:
        """End the pod and remove its secrets; homes stay."""
        polite = not now and await self.is_approved()
        await self.end(now=not polite)

    async def end_on_platform(self, *, now: bool) -> None:
        """The pod, then its two secrets, even if the pod does not go."""
        try:
            await KubeSpawner.stop(self, now)
        finally:
            for name in (self.names.token, self.names.gate):
                with contextlib.suppress(_NotThereError):
                    await self._ask(self.api.delete_namespaced_secret(name, self.namespace))

    async def _ask(self, request: Awaitable[Any]) -> Any:
        """One request. What the cluster says of a failed one may hold the request itself, so it goes no further."""
        try:
            return await asyncio.wait_for(request, REQUEST_SECONDS)
        except ApiException as error:
            if error.status == NOT_THERE:
                raise _NotThereError from None
            raise Refusal("platform-failed", f"The cluster refused ({error.status}).", "Look into its log.") from None
        except TimeoutError:
            raise Refusal("platform-failed", "The cluster did not answer.", "Try again in a minute.") from None

    def get_state(self) -> dict[str, Any]:
        """kubespawner's, and the channel: no secret."""
        state: dict[str, Any] = super().get_state()
        return {**state, "channel": self._channel} if self._channel else state

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the workspace again after a restart of the hub; the gate and the sidecar went on without it."""
        super().load_state(state)
        self._channel = state.get("channel", "")

    def clear_state(self) -> None:
        """Forget it: it has ended."""
        super().clear_state()
        self._name_objects()


class _NotThereError(Exception):
    """What was to be removed is gone already."""


def _claim(made: Manifest) -> V1PersistentVolumeClaim:
    metadata = V1ObjectMeta(name=made["metadata"]["name"], labels=made["metadata"]["labels"])
    return V1PersistentVolumeClaim(metadata=metadata, spec=made["spec"])
