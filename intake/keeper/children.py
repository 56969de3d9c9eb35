"""Runs a command of `sde` in a process of its own, so that its memory and its keys end with it.

Promise: interrupted, it waits until the command has put away what it was building.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from governance.command_line import EXIT_REFUSED
from governance.registry.keeper import DutyWarning
from governance.settings import Settings

SDE = str(Path(sys.executable).parent / "sde")
INTERRUPTED_SECONDS = 7.0  # less than the keeper gives its round


def run_sde(settings: Settings, arguments: tuple[str, ...]) -> DutyWarning | None:
    """None if it was done; else why not, in words of ours: what it printed stays in the log."""
    environment = {**os.environ, "SDE_STATE": str(settings.folder.root)}
    child = subprocess.Popen((SDE, *arguments), stdin=subprocess.DEVNULL, env=environment)
    try:
        status = child.wait()
    except KeyboardInterrupt:  # it has had the same interrupt, being of the same group
        try:
            child.wait(INTERRUPTED_SECONDS)
        finally:
            child.kill()
        raise
    if status == 0:
        return None
    what = "refused" if status == EXIT_REFUSED else "failed"
    command = " ".join(arguments)
    return DutyWarning("command-" + what, f"`sde {command}` {what}.", f"Run it by hand: `sde {command}` says why.")
