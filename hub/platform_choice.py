"""What workspaces run in, by the setting `workspace_platform`: which spawner, and what must be installed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType

from governance.refusal import Refusal


@dataclass(frozen=True)
class PlatformChoice:
    """One platform.

    Attributes:
        title: for people.
        spawner: the class, by its path: only the chosen one is imported.
        package: what it stands on; empty for the sandbox.
        tried: whether its spawner has started a workspace on the platform itself, by us.
    """

    title: str
    spawner: str
    package: str = ""
    tried: bool = False


PLATFORMS: Mapping[str, PlatformChoice] = MappingProxyType(
    {
        "sandbox": PlatformChoice("sandboxes on this machine", "hub.spawner.BubblewrapSpawner", tried=True),
        "docker": PlatformChoice("Docker", "hub.platforms.docker.GatedDockerSpawner", "dockerspawner"),
        "kubernetes": PlatformChoice("Kubernetes", "hub.platforms.kubernetes.GatedKubeSpawner", "kubespawner"),
    }
)


def find_platform(name: str) -> PlatformChoice:
    """The platform of this name. Raises Refusal `platform-not-installed` if what it stands on is missing."""
    choice = PLATFORMS[name]
    if choice.package and find_spec(choice.package) is None:
        raise Refusal(
            "platform-not-installed",
            f"{choice.title} needs the package {choice.package}.",
            "Install images/locks/platforms.txt too, or set SDE_WORKSPACE_PLATFORM=sandbox.",
        )
    return choice
