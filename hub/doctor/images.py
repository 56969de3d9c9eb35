"""Checks of the workspace images beside Python's: is R installed whole, and in the versions that were tried?"""

from __future__ import annotations

from pathlib import Path

from governance.settings import Settings
from hub.doctor.finding import Finding, fine, weaker
from hub.workspace_image import R_IMAGE, REPOSITORY, SET_UP

R_LIBRARIES = (Path("/usr/lib/R/site-library"), Path("/usr/lib/R/library"))
TRIED = Path("images/r/versions.txt")
SHOWN = ("R", "IRkernel", "DBI", "dplyr", "dbplyr", "ggplot2")
MOST_NAMED = 5


def check_r_image(settings: Settings) -> Finding:
    """Can R workspaces be started, and with what?"""
    del settings
    if not R_IMAGE.is_installed:
        missing = next(path for path in R_IMAGE.needs if not (REPOSITORY / path).exists())
        return weaker("R", f"not installed, so workspaces are Python's only ({missing} is missing)", SET_UP)
    tried = read_tried(REPOSITORY / TRIED)
    found = {name: read_version(name) for name in tried}
    said = ", ".join(f"{name} {found[name]}" for name in SHOWN if found.get(name))
    other = [name for name, version in tried.items() if found[name] != version]
    if other:
        names = ", ".join(f"{name} {found[name] or 'missing'} (tried: {tried[name]})" for name in other[:MOST_NAMED])
        return weaker("R", f"{len(other)} other versions than were tried: {names}", "See docs/how-to/use-r.md.")
    return fine("R", said)


def read_tried(file: Path) -> dict[str, str]:
    """Name -> version of R and its packages, as images/lock.sh recorded them."""
    return dict(line.split(" ", 1) for line in file.read_text().splitlines() if line)


def read_version(name: str) -> str:
    """The version that the distribution installed; empty if it is not there."""
    folder = "base" if name == "R" else name
    for library in R_LIBRARIES:
        description = library / folder / "DESCRIPTION"
        if description.is_file():
            for line in description.read_text(errors="replace").splitlines():
                if line.startswith("Version:"):
                    return line.removeprefix("Version:").strip()
    return ""
