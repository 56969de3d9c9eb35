"""Notices to the person in a workspace: a file that the Lab reads inside and shows. Promise: nothing that lies in the
folder, which belongs to the workspace's user, makes the gateway read or write elsewhere, wait, or trust what it says.

The gateway's own list lies beside that folder, where no sandbox sees it; the workspace's file is a copy of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from hub.names import WorkspacePlaces

FILE = "notices.json"
MOST_NOTICES = 20
READABLE = 0o644  # by the workspace's user; the folder itself is 0700

Tone = Literal["info", "warning"]


@dataclass(frozen=True)
class Notice:
    """One thing to say.

    Attributes:
        id: one notice of an id is shown at a time; a new one replaces it.
        kind: what it is about: `idle`, `disk`, `traffic`.
        tone: `info` or `warning`.
        text: for the person: plain sentences, no data value. The Lab shows the first, and the rest behind a button.
        until: ISO moment (UTC) or None: when the workspace closes (kind `idle`; the Lab says the time), else when the
            notice has had its time and is no longer shown.
        action: `keep-open` offers that button; empty offers none.
    """

    id: str
    kind: str
    tone: Tone
    text: str
    until: str | None = None
    action: Literal["", "keep-open"] = ""


def write_notice(places: WorkspacePlaces, notice: Notice) -> None:
    """Show it in the workspace's Lab, in place of one with the same id. Blocking; a workspace whose folders are gone
    has nobody to tell, and nothing is done."""
    _change(places, lambda held: [*(one for one in held if one.id != notice.id), notice][-MOST_NOTICES:])


def clear_notice(places: WorkspacePlaces, notice_id: str) -> None:
    """Take it back; unknown ones are fine. Blocking."""
    _change(places, lambda held: [one for one in held if one.id != notice_id])


def read_notices(places: WorkspacePlaces) -> tuple[Notice, ...]:
    """What the workspace is told at present, oldest first."""
    try:
        return tuple(Notice(**one) for one in json.loads((places.run / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return ()


def _change(places: WorkspacePlaces, changed: Callable[[list[Notice]], list[Notice]]) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), _alone(places.run) as run:
        held = list(read_notices(places))
        wanted = changed(held)
        if wanted != held or not wanted:
            text = json.dumps([asdict(one) for one in wanted]).encode()
            _replace(run, text)
            _publish(places.hub_folder, text)


def _publish(folder: Path, text: bytes) -> None:
    """Copy into the folder that the workspace sees. A link in its place is not followed, there or inside."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _replace(descriptor, text)
    finally:
        os.close(descriptor)


def _replace(folder: int, text: bytes) -> None:
    """Write the whole file beside, then put it in place: no reader sees half of it."""
    spare = f".{FILE}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(spare, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(spare, flags, 0o600, dir_fd=folder), "wb") as opened:
        opened.write(text)
        os.fchmod(opened.fileno(), READABLE)
    os.rename(spare, FILE, src_dir_fd=folder, dst_dir_fd=folder)


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """One writer at a time, whichever process: the lock is on a folder that no sandbox sees, so none can hold it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
