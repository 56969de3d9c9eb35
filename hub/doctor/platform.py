"""What workspaces run in: said, and that nobody has tried it here where that is so."""

from __future__ import annotations

from governance.settings import Settings
from hub.doctor.finding import Finding, fine, weaker
from hub.platform_choice import find_platform

POLICY = "docs/how-to/deploy-on-docker-or-kubernetes.md"


def check_platform(settings: Settings) -> Finding:
    """The platform of the settings. Another one than the sandbox is not looked at from here."""
    choice = find_platform(settings.workspace_platform)
    if choice.tried:
        return fine("platform", f"workspaces run in {choice.title}")
    if not (settings.image_python and settings.image_sidecar):
        return weaker("platform", f"{choice.title}: no images are set", "Set SDE_IMAGE_PYTHON and SDE_IMAGE_SIDECAR.")
    return weaker(
        "platform",
        f"workspaces run on {choice.title}; its specification keeps the policy, but was never run here",
        f"Try it as {POLICY} says; what this command says of sandboxes does not hold there.",
    )
