"""What a specification says about one part of a workspace, in words that belong to no platform: read, never assumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

#: The one address outside that anything of a workspace may ever reach: the gateway's channel gate.
GATE = "gate"
EVERYWHERE = "everywhere"


class Platform(StrEnum):
    """What workspaces run in. The values are those of the setting `workspace_platform`."""

    SANDBOX = "sandbox"
    DOCKER = "docker"
    KUBERNETES = "kubernetes"


class Part(StrEnum):
    """Whose specification: the researcher's own rooms, or the sidecar that carries the channel (no code of theirs)."""

    WORKSPACE = "workspace"
    SIDECAR = "sidecar"


class Kind(StrEnum):
    """What hangs in a place. `HOST` is whatever a reader does not know to be anything better."""

    SYSTEM = "system"  # the host's own /usr and library settings, of a sandbox
    IMAGE = "image"  # environment and server settings
    VOLUME = "volume"  # home and shared folder
    IMPORTS = "imports"  # what was brought in for the project
    MEMORY = "memory"
    CHANNEL = "channel"  # the folder with the sockets
    SECRET = "secret"  # noqa: S105  (the word, no secret)
    HOST = "host"


@dataclass(frozen=True)
class Place:
    """One mount. `size` in bytes, 0 for unbounded."""

    target: str
    kind: Kind
    writable: bool
    size: int = 0


@dataclass(frozen=True)
class Room:
    """One part as its specification describes it. What a reader does not say is taken for the worse.

    Attributes:
        reaches: addresses outside that it may open connections to.
        resolves_names: whether a name server answers it.
        listens: ports that something outside may connect to.
        shares: namespaces it shares with the host or with another container.
        nests: whether it can make namespaces of its own.
        capabilities: those it holds; "ALL" if it is privileged.
        gains_privileges: whether a program inside can have more rights than the one that started it.
        call_filter: whether a system call filter is laid over it.
        user: its user number inside, 0 for root or where none is named.
        root_writable: whether its own system can be written to.
        places: every mount.
        memory, processes, cpus, disk: limits, 0 for none. Bytes, numbers, processors, bytes.
        swap: whether it may use swap beyond its memory.
        core_dumps: whether a crash writes the memory to disk.
        variables: names of its environment.
        terminal: whether it is attached to a terminal or an input of the outside.
        identity: whether it is given an identity or an address book of the platform.
        returns: whether the platform starts it again by itself.
        pinned: whether its image is named by digest.
    """

    platform: Platform
    part: Part
    reaches: frozenset[str] = frozenset()
    resolves_names: bool = True
    listens: frozenset[str] = frozenset()
    shares: frozenset[str] = frozenset()
    nests: bool = True
    capabilities: frozenset[str] = frozenset()
    gains_privileges: bool = True
    call_filter: bool = False
    user: int = 0
    root_writable: bool = True
    places: tuple[Place, ...] = ()
    memory: int = 0
    swap: bool = True
    processes: int = 0
    cpus: float = 0.0
    disk: int = 0
    core_dumps: bool = True
    variables: frozenset[str] = field(default_factory=frozenset)
    terminal: bool = True
    identity: bool = True
    returns: bool = True
    pinned: bool = False
