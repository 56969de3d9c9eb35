"""Runs the keeper: `python -m intake.keeper`, with the state folder in SDE_STATE."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from governance.state import StateFolder
from intake.keeper.watch import Keeper

REFUSED = 1


def main() -> None:
    """Keep until told to stop. Exits with 1 where another keeper is at work on this state folder."""
    folder = StateFolder(Path(os.environ.get("SDE_STATE", "var")).expanduser().absolute())
    sys.exit(0 if Keeper(folder).keep() else REFUSED)


if __name__ == "__main__":
    main()
