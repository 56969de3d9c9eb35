"""The intake's report files. Promise: a name leads to a regular file below its own kind's folder or to nothing: no part
of it may be hidden or climb, and no link is followed on the way.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from enum import StrEnum

from governance.settings import Settings

MOST_BYTES = 16 * 2**20
PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Kind(StrEnum):
    """What a report is about; the folder it lies in."""

    DELIVERIES = "deliveries"
    REGIONS = "regions"
    OPT_OUTS = "optouts"
    EXTRACTS = "extracts"


def name_of_extract(folder: str) -> str:
    """Of an extract's report: its folder in one word."""
    return folder.replace("/", "-")


def has_report(settings: Settings, kind: Kind, name: str) -> bool:
    """Whether there is one: for leaving out a link that would lead nowhere."""
    descriptor = _open(settings, kind, name)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


def read_report(settings: Settings, kind: Kind, name: str) -> str | None:
    """The page as it was written, or None.

    Args:
        name: from a row of the register: parts with `/` between them.
    """
    descriptor = _open(settings, kind, name)
    if descriptor is None:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    return content.decode(errors="replace") if len(content) <= MOST_BYTES else None


def _open(settings: Settings, kind: Kind, name: str) -> int | None:
    """The file, open. Each folder is opened below the one before, so that nothing can be put in its place meanwhile."""
    *folders, last = name.split("/")
    if not all(PART.fullmatch(part) for part in (*folders, last)):
        return None
    held: list[int] = []
    try:
        held.append(os.open(settings.folder.reports, FOLDER))
        for folder in (kind.value, *folders):
            held.append(os.open(folder, FOLDER, dir_fd=held[-1]))
        descriptor = os.open(f"{last}.html", FILE, dir_fd=held[-1])
    except OSError:
        return None
    finally:
        for folder_descriptor in held:
            with suppress(OSError):
                os.close(folder_descriptor)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None
