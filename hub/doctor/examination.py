"""All checks of `sde doctor`, in order. A check that is refused or fails is reported as broken, never hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from governance.refusal import Refusal
from governance.settings import Settings
from hub.doctor import images, installation, isolation, platform
from hub.doctor.finding import Finding, broken

Check = Callable[[Settings], Finding]

#: A line for each, see `hub.levels`.
RESOURCES = ("memory", "processes", "processors", "file size", "tmp folders")

CHECKS: tuple[tuple[str, Check], ...] = (
    ("platform", platform.check_platform),
    ("bubblewrap", isolation.check_bubblewrap),
    ("seccomp", isolation.check_filter),
    ("limits", isolation.check_limits),
    *((name, isolation.check_resource(name)) for name in RESOURCES),
    ("user numbers", isolation.check_user_numbers),
    ("workspace", installation.check_workspace_environment),
    ("R", images.check_r_image),
    ("sandbox", isolation.check_sandbox),
    ("state folder", installation.check_state_folder),
    ("sockets", installation.check_sockets),
    ("register", installation.check_register),
    ("address", installation.check_address),
    ("sign-in", installation.check_sign_in),
    ("disk", installation.check_disk),
    ("services", installation.check_services),
    ("versions", installation.check_versions),
)


def examine(settings: Settings) -> Iterator[Finding]:
    """One finding for each check."""
    for name, check in CHECKS:
        try:
            yield check(settings)
        except Refusal as refusal:
            yield broken(name, refusal.message.rstrip("."), refusal.remedy)
        except Exception as error:  # the kind only: its text could hold anything
            yield broken(name, f"the check failed ({type(error).__name__})", "Report this.")
