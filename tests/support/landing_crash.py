"""A landing in a process of its own, killed at a given step: `python -m tests.support.landing_crash FOLDER STEP`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from governance.settings import load_settings
from governance.store import open_store
from intake import feeds
from intake.landing.delivery import land_delivery
from tests.support.deliveries import BY, CLINIC


def main(folder: str, step: int) -> None:
    known = {**feeds.feeds(), CLINIC.name: CLINIC}
    feeds.feeds = lambda: known
    settings = load_settings()
    seen = 0

    def die(what: str, done: int, total: int) -> None:
        nonlocal seen
        seen += 1
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)

    land_delivery(settings, open_store(settings), CLINIC, [Path(folder)], actor=BY, progress=die)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
