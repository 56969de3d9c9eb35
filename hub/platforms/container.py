"""What a workspace's container runs, sees and may use, the same for Docker and Kubernetes: the sandbox's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from governance.refusal import Refusal
from governance.settings import Settings
from hub.names import INSIDE_IMPORTS, INSIDE_SHARED
from hub.sandbox import PYTHON, SERVER, SERVER_COMMAND, VARIABLES
from hub.workspace_image import IMAGES, KERNELS

__all__ = ["CHANNEL_FOLDER", "CREDENTIALS_FOLDER", "INSIDE_IMPORTS", "INSIDE_SHARED", "SIDECAR"]

USER, SIDECAR_USER = 1000, 65532
CHANNEL_FOLDER, CREDENTIALS_FOLDER = "/run/channel", "/run/secrets/gate"
CHANNEL_BYTES = 2**20  # sockets and notices
SIDECAR_TMP_BYTES = 2**20
FILE_BYTES = 8 * 2**30  # as hub.sandbox.Limits
SHARED_MEMORY_SHARE = 4  # /dev/shm: a part of the temporary space, as in the sandbox

#: The image's entry point takes the listening socket from the sidecar and becomes the server.
COMMAND = (PYTHON, f"{SERVER}/enter.py", *SERVER_COMMAND)


@dataclass(frozen=True)
class SidecarLimits:
    """What a sidecar may use. It only carries bytes."""

    memory: int = 96 * 2**20
    processes: int = 32
    cpus: float = 1.0


SIDECAR = SidecarLimits()


def sidecar_command(settings: Settings) -> tuple[str, ...]:
    """How a sidecar is started. Its secret is a file, never an argument."""
    address = settings.gate_address or gate_address(settings.gate_host, settings.gate_port)
    return (
        *("python", "-I", "-m", "hub.sidecar", "--gate", address),
        *("--credentials", CREDENTIALS_FOLDER, "--folder", CHANNEL_FOLDER),
    )


def gate_address(host: str, port: int) -> str:
    """`address:port`. Raises Refusal `bad-settings` for anything but a number: no name server answers a sidecar."""
    try:
        number = ip_address(host)
    except ValueError:
        raise Refusal("bad-settings", "SDE_GATE_HOST is no address.", "Set SDE_GATE_ADDRESS to a number.") from None
    if number.is_unspecified:
        raise Refusal("bad-settings", "SDE_GATE_HOST is every interface.", "Set SDE_GATE_ADDRESS to one of them.")
    return f"[{host}]:{port}" if number.version == 6 else f"{host}:{port}"


def workspace_variables(image: str, own: Mapping[str, str]) -> dict[str, str]:
    """The environment inside: the sandbox's, the image's, and of the hub's own only what is meant for a server."""
    profile = IMAGES[image]
    hubs = {name: value for name, value in own.items() if name.startswith("JUPYTERHUB_")}
    return {**VARIABLES, **profile.variables, KERNELS: ",".join(profile.kernels), **hubs}


def container_image(settings: Settings, image: str) -> str:
    """The container image of a workspace image. Raises Refusal `unknown-image` or `image-not-installed`."""
    if image not in IMAGES:
        raise Refusal("unknown-image", "There is no such workspace image.", f"Choose one of: {', '.join(IMAGES)}.")
    found = str(getattr(settings, f"image_{image}", ""))
    if not found or not settings.image_sidecar:
        raise Refusal(
            "image-not-installed",
            f"The image {IMAGES[image].title} is not set for this platform.",
            f"Set SDE_IMAGE_{image.upper()} and SDE_IMAGE_SIDECAR.",
        )
    return found
