"""Runs a command of `sde` in a process of its own, so that its memory and its keys end with it.

Promise: interrupted, it waits until the command has put away what it was building.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from governance.settings import Settings

SDE = str(Path(sys.executable).parent / "sde")
INTERRUPTED_SECONDS = 7.0  # less than the keeper gives its round


@dataclass(frozen=True)
class Ran:
    """How a command ended (0: done, 1: refused) and what it printed for machines."""

    status: int
    output: str = ""


def run_sde(settings: Settings, arguments: tuple[str, ...]) -> Ran:
    """Run it to its end. What it tells people goes where our own log goes."""
    environment = {**os.environ, "SDE_STATE": str(settings.folder.root)}
    child = subprocess.Popen(
        (SDE, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment, text=True
    )
    try:
        output, _ = child.communicate()
    except KeyboardInterrupt:  # it has had the same interrupt, being of the same group
        try:
            child.wait(INTERRUPTED_SECONDS)
        finally:
            child.kill()
        raise
    return Ran(child.returncode, output)
