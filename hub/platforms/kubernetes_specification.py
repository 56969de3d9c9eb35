"""What Kubernetes is asked to make: a pod of two containers, its two secrets, its volumes. Pure.

Promise: the pod keeps "restricted" of the Pod Security Standards; its containers share a network, which the namespace's
network policies close (images/kubernetes/), and one folder in memory, which the workspace cannot write to. The token is
in a secret that only the workspace names, the channel's secret in one that only the sidecar names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.settings import Settings
from hub.platforms.container import (
    CHANNEL_BYTES,
    CHANNEL_FOLDER,
    COMMAND,
    CREDENTIALS_FOLDER,
    INSIDE_IMPORTS,
    INSIDE_SHARED,
    SHARED_MEMORY_SHARE,
    SIDECAR,
    SIDECAR_TMP_BYTES,
    SIDECAR_USER,
    USER,
    sidecar_command,
)
from hub.sandbox import HOME

Manifest = dict[str, Any]

NOTEBOOK, SIDECAR_CONTAINER = "notebook", "sidecar"  # the first name is kubespawner's
ROLE, GATEWAY, PROJECT = "sde.gateway/role", "sde.gateway/gateway", "sde.gateway/project"
WORKSPACE_ROLE, GATEWAY_ROLE = "workspace", "gateway"
WATCHED = {"component": "singleuser-server"}  # kubespawner sees pods with this label and no other
POOL = "sde-workspaces"  # label and taint of nodes
TOKEN_VARIABLE, TOKEN_KEY = "JUPYTERHUB_API_TOKEN", "token"
SCRATCH_BYTES = 256 * 2**20  # logs: everything else that can be written is in memory or has a volume
GRACE_SECONDS = 5
NOBODY = "127.0.0.1"  # Kubernetes wants a name server; nothing answers there


@dataclass(frozen=True)
class KubernetesNames:
    """Names of one workspace's objects."""

    gateway: str
    slug: str
    project: str

    @property
    def pod(self) -> str:
        """The pod."""
        return f"ws-{self.slug}"

    @property
    def token(self) -> str:
        """The secret with the server's own token."""
        return f"{self.pod}-token"

    @property
    def gate(self) -> str:
        """The secret with the sidecar's credentials."""
        return f"{self.pod}-gate"

    @property
    def home(self) -> str:
        """The claim of the home volume; it stays."""
        return f"home-{self.slug}"

    @property
    def shared(self) -> str:
        """The claim of the project's volume; it stays."""
        return f"shared-{self.project}"

    @property
    def labels(self) -> dict[str, str]:
        """Of everything that belongs to the workspace. The network policies go by the first."""
        return {ROLE: WORKSPACE_ROLE, GATEWAY: self.gateway, PROJECT: self.project}


def gateway_label(root: str) -> str:
    """Tells gateways of one cluster apart."""
    return hashlib.sha256(root.encode()).hexdigest()[:8]


def pod(settings: Settings, names: KubernetesNames, *, image: str, variables: Mapping[str, str]) -> Manifest:
    """The pod. `variables` without the token, which comes from its secret."""
    spec: Manifest = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "hostUsers": False,
        "shareProcessNamespace": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "hostname": "workspace",
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": [NOBODY]},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": _filter(settings),
        },
        "containers": [_workspace(settings, names, image, variables), _sidecar(settings)],
        "volumes": _volumes(settings, names),
        **_placing(settings),
    }
    metadata = {"name": names.pod, "labels": {**names.labels, **WATCHED}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def secret(names: KubernetesNames, name: str, content: Mapping[str, str]) -> Manifest:
    """A secret of the workspace; it goes when the workspace goes."""
    metadata = {"name": name, "labels": names.labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "immutable": True, "stringData": dict(content)}


def home_claim(settings: Settings, names: KubernetesNames) -> Manifest:
    """The claim of a home volume, of the size that the settings allow a home."""
    return _claim(
        names.home, names.labels, settings.workspace_home_bytes, settings.kubernetes_storage_class, "ReadWriteOnce"
    )


def shared_claim(settings: Settings, names: KubernetesNames) -> Manifest:
    """The claim of a project's volume, for the workspaces of all its members."""
    labels = {GATEWAY: names.gateway, PROJECT: names.project}
    return _claim(
        names.shared, labels, settings.workspace_shared_bytes, settings.kubernetes_shared_class, "ReadWriteMany"
    )


def _workspace(settings: Settings, names: KubernetesNames, image: str, variables: Mapping[str, str]) -> Manifest:
    token = {"secretKeyRef": {"name": names.token, "key": TOKEN_KEY}}
    mounts = [
        _mount("home", HOME),
        _mount("tmp", "/tmp"),  # noqa: S108
        _mount("memory", "/dev/shm"),  # noqa: S108
        _mount("channel", CHANNEL_FOLDER, read_only=True),
    ]
    if settings.kubernetes_shared_class:
        mounts.append(_mount("shared", INSIDE_SHARED))
    if settings.kubernetes_imports_claim:
        mounts.append({**_mount("imports", INSIDE_IMPORTS, read_only=True), "subPath": names.project})
    return {
        "name": NOTEBOOK,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(COMMAND),
        "workingDir": HOME,
        "env": [
            *({"name": name, "value": value} for name, value in sorted(variables.items()) if name != TOKEN_VARIABLE),
            {"name": TOKEN_VARIABLE, "valueFrom": token},
        ],
        "securityContext": _closed(USER),
        "resources": _resources(settings.workspace_cpus, settings.workspace_memory_bytes, SCRATCH_BYTES),
        "volumeMounts": mounts,
    }


def _sidecar(settings: Settings) -> Manifest:
    return {
        "name": SIDECAR_CONTAINER,
        "image": settings.image_sidecar,
        "imagePullPolicy": "IfNotPresent",
        "command": list(sidecar_command(settings)),
        "workingDir": "/",
        "env": [],
        "securityContext": _closed(SIDECAR_USER),
        "resources": _resources(SIDECAR.cpus, SIDECAR.memory, SCRATCH_BYTES // 8),
        "volumeMounts": [
            _mount("channel", CHANNEL_FOLDER),
            _mount("sidecar-tmp", "/tmp"),  # noqa: S108
            _mount("gate", CREDENTIALS_FOLDER, read_only=True),
        ],
    }


def _closed(user: int) -> Manifest:
    return {
        "runAsUser": user,
        "runAsGroup": user,
        "runAsNonRoot": True,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _resources(cpus: float, memory: int, disk: int) -> Manifest:
    """What is asked for is what is had: no workspace lives on what its neighbours leave."""
    amounts = {"cpu": f"{round(cpus * 1000)}m", "memory": str(memory), "ephemeral-storage": str(disk)}
    return {"limits": amounts, "requests": dict(amounts)}


def _volumes(settings: Settings, names: KubernetesNames) -> list[Manifest]:
    temporary = settings.workspace_tmp_bytes
    volumes = [
        {"name": "home", "persistentVolumeClaim": {"claimName": names.home}},
        _memory("tmp", temporary),
        _memory("memory", temporary // SHARED_MEMORY_SHARE),
        _memory("channel", CHANNEL_BYTES),
        _memory("sidecar-tmp", SIDECAR_TMP_BYTES),
        {"name": "gate", "secret": {"secretName": names.gate, "defaultMode": 0o440}},
    ]
    if settings.kubernetes_shared_class:
        volumes.append({"name": "shared", "persistentVolumeClaim": {"claimName": names.shared}})
    if settings.kubernetes_imports_claim:
        claim = {"claimName": settings.kubernetes_imports_claim, "readOnly": True}
        volumes.append({"name": "imports", "persistentVolumeClaim": claim})
    return volumes


def _filter(settings: Settings) -> Manifest:
    if settings.kubernetes_call_filter:
        return {"type": "Localhost", "localhostProfile": settings.kubernetes_call_filter}
    return {"type": "RuntimeDefault"}


def _placing(settings: Settings) -> Manifest:
    placing: Manifest = {}
    if settings.kubernetes_node_pool:
        value = settings.kubernetes_node_pool
        placing["nodeSelector"] = {POOL: value}
        placing["tolerations"] = [{"key": POOL, "operator": "Equal", "value": value, "effect": "NoSchedule"}]
    if settings.kubernetes_priority_class:
        placing["priorityClassName"] = settings.kubernetes_priority_class
    if settings.kubernetes_runtime_class:
        placing["runtimeClassName"] = settings.kubernetes_runtime_class
    return placing


def _claim(name: str, labels: Mapping[str, str], size: int, storage_class: str, mode: str) -> Manifest:
    spec: Manifest = {"accessModes": [mode], "resources": {"requests": {"storage": str(size)}}}
    if storage_class:
        spec["storageClassName"] = storage_class
    metadata = {"name": name, "labels": dict(labels)}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def _memory(name: str, size: int) -> Manifest:
    return {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": str(size)}}


def _mount(name: str, path: str, *, read_only: bool = False) -> Manifest:
    return {"name": name, "mountPath": path, "readOnly": read_only}
