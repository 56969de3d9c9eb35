"""Reads a request to make a container, as it goes to the Docker engine (JSON), into the words of the policy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hub.names import INSIDE_IMPORTS, INSIDE_SHARED
from hub.platforms.container import CHANNEL_FOLDER, CREDENTIALS_FOLDER
from hub.platforms.facts import EVERYWHERE, GATE, Kind, Part, Place, Platform, Room
from hub.sandbox import HOME

#: Namespace settings of the engine, and the values with which a container has that namespace for itself.
OWN_NAMESPACES = {
    "PidMode": ("",),
    "IpcMode": ("private", "none"),
    "UTSMode": ("",),
    "UsernsMode": ("",),
    "CgroupnsMode": ("private",),
}
NANO = 10**9

Body = Mapping[str, Any]


def read_docker(body: Body, part: Part, *, gate_network: str, imports: str = "") -> Room:
    """The room of one request to `/containers/create`.

    Args:
        body: the request's JSON.
        part: whose container it is.
        gate_network: the internal network on which the gate is.
        imports: the folder of what was brought in for the project; any other folder is one of the host.
    """
    host: Body = body.get("HostConfig") or {}
    options = host.get("SecurityOpt") or []
    memory = host.get("Memory") or 0
    return Room(
        Platform.DOCKER,
        part,
        reaches=_reaches(host, body.get("NetworkingConfig") or {}, gate_network),
        listens=frozenset(
            [*(body.get("ExposedPorts") or ()), *(host.get("PortBindings") or ())]
            + (["all"] if host.get("PublishAllPorts") else [])
        ),
        shares=frozenset(name for name, own in OWN_NAMESPACES.items() if (host.get(name) or "") not in own),
        capabilities=_capabilities(host),
        gains_privileges="no-new-privileges:true" not in options,
        call_filter=any(option.startswith("seccomp={") for option in options),
        user=_number(body.get("User")),
        root_writable=not host.get("ReadonlyRootfs"),
        places=tuple(_places(host, imports)),
        memory=memory,
        swap=host.get("MemorySwap") != memory,
        processes=max(0, host.get("PidsLimit") or 0),
        cpus=(host.get("NanoCpus") or 0) / NANO,
        core_dumps={"Name": "core", "Soft": 0, "Hard": 0} not in [dict(one) for one in host.get("Ulimits") or ()],
        variables=frozenset(pair.partition("=")[0] for pair in body.get("Env") or ()),
        terminal=any(body.get(name) for name in ("Tty", "OpenStdin", "AttachStdin")),
        returns=(host.get("RestartPolicy") or {}).get("Name", "no") not in ("", "no"),
        pinned="@sha256:" in str(body.get("Image")),
    )


def _reaches(host: Body, networking: Body, gate_network: str) -> frozenset[str]:
    more = host.get("ExtraHosts") or host.get("Links") or host.get("Dns") or networking.get("EndpointsConfig")
    mode = host.get("NetworkMode")
    if mode == "none" and not more:
        return frozenset()
    return frozenset({GATE}) if mode == gate_network and not more else frozenset({EVERYWHERE})


def _capabilities(host: Body) -> frozenset[str]:
    """What is left; the engine's own set is named by one word."""
    if host.get("Privileged") or host.get("MaskedPaths") is not None or host.get("ReadonlyPaths") is not None:
        return frozenset({"ALL"})
    kept = () if "ALL" in (host.get("CapDrop") or ()) else ("default",)
    return frozenset([*kept, *(host.get("CapAdd") or ())])


def _number(user: Any) -> int:
    """A user by name is as good as root: the image decides who that is."""
    first = str(user or "").partition(":")[0]
    return int(first) if first.isdecimal() else 0


def _places(host: Body, imports: str) -> Iterator[Place]:
    for target, options in (host.get("Tmpfs") or {}).items():
        yield Place(target, Kind.MEMORY, writable=True, size=_size(options))
    yield Place("/dev/shm", Kind.MEMORY, writable=True, size=host.get("ShmSize") or 0)  # noqa: S108
    for mount in host.get("Mounts") or ():
        yield _mounted(mount, imports)
    for name in ("Binds", "Devices", "DeviceRequests", "DeviceCgroupRules", "VolumesFrom"):
        for entry in host.get(name) or ():
            yield Place(str(entry), Kind.HOST, writable=True)


def _mounted(mount: Body, imports: str) -> Place:
    target, writable = str(mount.get("Target")), not mount.get("ReadOnly")
    if mount.get("Type") == "bind":
        if target == INSIDE_IMPORTS and mount.get("Source") == imports:
            return Place(target, Kind.IMPORTS, writable)
        is_secret = target == CREDENTIALS_FOLDER and not writable
        return Place(target, Kind.SECRET if is_secret else Kind.HOST, writable)
    if mount.get("Type") != "volume":
        return Place(target, Kind.HOST, writable)
    driver = (mount.get("VolumeOptions") or {}).get("DriverConfig") or {}
    options = driver.get("Options") or {}
    if options.get("type") == "tmpfs" and target == CHANNEL_FOLDER:
        return Place(target, Kind.CHANNEL, writable, _size(options.get("o", "")))
    is_ours = target in (HOME, INSIDE_SHARED) and not options  # a driver's options can name any device or folder
    return Place(target, Kind.VOLUME if is_ours else Kind.HOST, writable)


def _size(options: Any) -> int:
    found = re.search(r"(?:^|,)size=(\d+)(?:,|$)", str(options))
    return int(found[1]) if found else 0
