"""Checks of the walls around a workspace: bubblewrap, the system call filter, limits, user numbers, a real sandbox."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from governance.confinement.bubblewrap import bwrap_version, find_bwrap, preflight
from governance.confinement.seccomp import build_filter
from governance.refusal import Refusal
from governance.settings import Settings
from governance.state import StateFolder
from hub.doctor.finding import Finding, broken, fine, weaker
from hub.levels import DELEGATION, Strength, check_levels, least_strength, levels_in_force, limits_of
from hub.limits import find_groups
from hub.names import places_of
from hub.sandbox import PYTHON
from hub.sandbox_process import Streams
from hub.workspace_start import end_workspace, prepare_workspace, start_workspace

TRIAL_SECONDS = 60
#: Says "open" if any address can be reached, and fails if the environment cannot be read.
TRIAL = """
import socket, numpy, sde
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
    print("open")
except OSError:
    print("closed")
"""


def check_bubblewrap(settings: Settings) -> Finding:
    """Is it there, and can it make namespaces?"""
    del settings
    preflight()
    bwrap = find_bwrap()
    return fine("bubblewrap", f"{bwrap}, version {bwrap_version(bwrap)}; user namespaces work")


def check_filter(settings: Settings) -> Finding:
    """Is there a system call filter for this machine?"""
    del settings
    size = len(build_filter()) // 8
    if platform.machine() != "x86_64":
        return weaker("seccomp", f"{size} instructions for {platform.machine()}, by the kernel's tables", "Report it.")
    return fine("seccomp", f"{size} instructions for {platform.machine()}")


def check_limits(settings: Settings) -> Finding:
    """Is what holds a workspace's resources enough to start, by the settings?"""
    check_levels(settings, find_groups(delegate=False))
    return fine("limits", f"enough to start: {least_strength(settings)} or stronger")


def check_resource(resource: str) -> Callable[[Settings], Finding]:
    """The check of one resource: how strongly is it bounded here?"""

    def check(settings: Settings) -> Finding:
        groups = find_groups(delegate=False)
        [held] = [one for one in levels_in_force(groups, limits_of(settings, groups)) if one.resource == resource]
        said = f"{held.strength}: {held.how}"
        if held.groupable and held.strength is not Strength.GROUP:
            return weaker(resource, said, DELEGATION)
        return fine(resource, said)

    return check


def check_user_numbers(settings: Settings) -> Finding:
    """Does every workspace have a user number of its own on the host?"""
    del settings
    if os.geteuid() == 0:
        return fine("user numbers", "each workspace has a user number of its own")
    return weaker(
        "user numbers",
        "all workspaces run under the gateway's own user: namespaces alone keep them apart",
        "Run the gateway as root, so that it can give each workspace a user number of its own.",
    )


def check_sandbox(settings: Settings) -> Finding:
    """Start a real workspace sandbox on an empty home, import from its environment, try the network."""
    with tempfile.TemporaryDirectory() as folder:
        state = StateFolder(Path(folder))
        state.create()
        places = places_of(state, "doctor", "trial", name="doctor")
        try:
            prepared = prepare_workspace(places)
            started = start_workspace(
                settings,
                prepared,
                command=(PYTHON, "-c", TRIAL),
                variables={},
                streams=Streams(stdout=subprocess.PIPE, stderr=subprocess.DEVNULL),
                dies_with_parent=True,
            )
            said = _wait(started.sandbox.popen)
            end_workspace(started, grace=0)
        finally:
            shutil.rmtree(state.run, ignore_errors=True)  # it may lie outside, see StateFolder.run
    if said == "closed":
        return fine("sandbox", "a trial workspace started; it reaches no network")
    if said == "open":
        return broken("sandbox", "a trial workspace reached the network", "Stop the gateway and report this.")
    return broken("sandbox", "the workspace environment does not work in the sandbox", "Run `make setup`.")


def _wait(popen: subprocess.Popen[bytes] | None) -> str:
    if popen is None:
        raise Refusal("sandbox-failed", "The sandbox did not start.")
    try:
        return popen.communicate(timeout=TRIAL_SECONDS)[0].decode().strip()
    except subprocess.TimeoutExpired:
        return ""
