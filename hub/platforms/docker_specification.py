"""What the Docker engine is asked to make: one container for the workspace, one for its sidecar. Pure.

Promise: the workspace's container has no network at all. Its sidecar is on an internal network where the gate is, and
holds the secret; the two share one folder in memory, which the workspace cannot write to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.settings import Settings
from hub.platforms.call_filter import call_filter_text
from hub.platforms.container import (
    CHANNEL_BYTES,
    CHANNEL_FOLDER,
    COMMAND,
    CREDENTIALS_FOLDER,
    FILE_BYTES,
    INSIDE_IMPORTS,
    INSIDE_SHARED,
    SHARED_MEMORY_SHARE,
    SIDECAR,
    SIDECAR_TMP_BYTES,
    USER,
    sidecar_command,
)
from hub.sandbox import HOME

LOG = {"max-size": "5m", "max-file": "2"}  # what a container prints is bounded too
LABEL = "sde.gateway"
NANO = 10**9
GRACE_SECONDS = 5


@dataclass(frozen=True)
class DockerNames:
    """Names of one workspace's objects. `gateway` tells gateways of one engine apart."""

    gateway: str
    slug: str
    project: str

    def _of(self, what: str, whose: str) -> str:
        return f"sde-{self.gateway}-{what}-{whose}"

    @property
    def workspace(self) -> str:
        """The workspace's container."""
        return self._of("ws", self.slug)

    @property
    def sidecar(self) -> str:
        """Its sidecar's."""
        return self._of("sidecar", self.slug)

    @property
    def channel(self) -> str:
        """The volume in memory that both see."""
        return self._of("channel", self.slug)

    @property
    def home(self) -> str:
        """The home volume; it stays."""
        return self._of("home", self.slug)

    @property
    def shared(self) -> str:
        """The project's volume; it stays."""
        return self._of("shared", self.project)


@dataclass(frozen=True)
class Container:
    """Arguments of docker-py: `create` for `create_container`, `host` for `create_host_config`."""

    create: dict[str, Any]
    host: dict[str, Any]


def workspace_container(
    settings: Settings, names: DockerNames, *, image: str, variables: Mapping[str, str]
) -> Container:
    """The workspace's own container."""
    temporary = settings.workspace_tmp_bytes
    host = _bounded(settings.workspace_memory_bytes, settings.workspace_processes, settings.workspace_cpus) | {
        "network_mode": "none",
        "tmpfs": {"/tmp": _memory_folder(temporary, 0o1777)},  # noqa: S108
        "shm_size": temporary // SHARED_MEMORY_SHARE,
        "mounts": [
            _mount("volume", names.home, HOME),
            _mount("volume", names.shared, INSIDE_SHARED),
            _channel(names, read_only=True),
            _mount("bind", str(settings.folder.imports / names.project), INSIDE_IMPORTS, read_only=True),
        ],
    }
    if settings.docker_runtime:
        host["runtime"] = settings.docker_runtime
    create = _labelled(names, names.workspace) | {
        "image": image,
        "command": list(COMMAND),
        "environment": dict(variables),
        "user": f"{USER}:{USER}",
        "working_dir": HOME,
        "hostname": "workspace",
        "network_disabled": True,
        "stop_timeout": GRACE_SECONDS,
    }
    return Container(create, host)


def sidecar_container(settings: Settings, names: DockerNames, *, credentials: Path, user: int) -> Container:
    """Its sidecar's. `credentials`: folder of the secret and the gate's certificate, on the engine's machine."""
    host = _bounded(SIDECAR.memory, SIDECAR.processes, SIDECAR.cpus) | {
        "network_mode": settings.docker_network,
        "tmpfs": {"/tmp": _memory_folder(SIDECAR_TMP_BYTES, 0o1777)},  # noqa: S108
        "shm_size": SIDECAR_TMP_BYTES,
        "mounts": [
            _channel(names, read_only=False),
            _mount("bind", str(credentials), CREDENTIALS_FOLDER, read_only=True),
        ],
    }
    create = _labelled(names, names.sidecar) | {
        "image": settings.image_sidecar,
        "command": list(sidecar_command(settings)),
        "environment": {},
        "user": f"{user}:{user}",
        "working_dir": "/",
        "stop_timeout": 1,
    }
    return Container(create, host)


def _bounded(memory: int, processes: int, cpus: float) -> dict[str, Any]:
    """What every container of ours is made with."""
    return {
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true", f"seccomp={call_filter_text()}"],
        "read_only": True,
        "ipc_mode": "private",
        "cgroupns": "private",
        "mem_limit": memory,
        "memswap_limit": memory,  # memory and swap together: no swap
        "pids_limit": processes,
        "nano_cpus": int(cpus * NANO),
        "ulimits": [
            {"name": "core", "soft": 0, "hard": 0},
            {"name": "fsize", "soft": FILE_BYTES, "hard": FILE_BYTES},
        ],
        "restart_policy": {"Name": "no"},
        "log_config": {"type": "json-file", "config": LOG},
    }


def _labelled(names: DockerNames, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "labels": {LABEL: names.gateway, f"{LABEL}.project": names.project},
        "tty": False,
        "stdin_open": False,
        "detach": True,
    }


def _mount(kind: str, source: str, target: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"Type": kind, "Source": source, "Target": target, "ReadOnly": read_only}


def _channel(names: DockerNames, *, read_only: bool) -> dict[str, Any]:
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={CHANNEL_BYTES},mode=1777,nosuid,nodev,noexec"}
    volume = {"NoCopy": True, "DriverConfig": {"Name": "local", "Options": options}}
    return _mount("volume", names.channel, CHANNEL_FOLDER, read_only=read_only) | {"VolumeOptions": volume}


def _memory_folder(size: int, mode: int) -> str:
    # Programs may run from /tmp, as in the sandbox: libraries build and load code there.
    return f"rw,exec,nosuid,nodev,size={size},mode={mode:o}"
