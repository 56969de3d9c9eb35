"""Whose files a workspace's are. Promise: under a gateway run by root every workspace has a user number of its own, so
that no workspace could touch another's files even if it left its sandbox.

The number is remembered where it matters, as the owner of the home folder; there is no second list to go out of step.
A gateway not run by root has one user for all: then namespaces alone keep workspaces apart, and `sde doctor` says so.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from governance.refusal import Refusal

#: Above every range that distributions, containers and service managers give out (systemd: "Users, Groups, UIDs and
#: GIDs on systemd systems", 1879048192-2147352575 is unused). The groups of projects come after it (`hub.shared`).
FIRST_UID, LAST_UID = 1_900_000_000, 1_999_999_999
CHOWN = "/usr/bin/chown"


def prepare_home(home: Path) -> tuple[int, bool]:
    """Make the home folder if it is missing, 0700; returns its user number and whether it is new.

    Raises Refusal `home-not-owned` for a home that belongs to somebody else.
    """
    with alone_in(home.parent):
        fresh = not home.exists()
        if fresh:
            home.mkdir(mode=0o700)
        owner = home.lstat().st_uid
        if os.geteuid() != 0:
            if owner != os.geteuid():
                raise Refusal(
                    "home-not-owned", "The workspace's home folder belongs to another user.", "Ask the service desk."
                )
            return owner, fresh
        if not FIRST_UID <= owner <= LAST_UID:
            taken = [entry.stat(follow_symlinks=False).st_uid for entry in os.scandir(home.parent)]
            owner = next_number(taken, FIRST_UID, LAST_UID)
            give_tree(home, owner)
        return owner, fresh


def give(path: Path, uid: int) -> None:
    """Make the file or folder the workspace's own; nothing to do unless we are root. Links are never followed."""
    if os.geteuid() == 0:
        os.chown(path, uid, uid, follow_symlinks=False)


def give_tree(folder: Path, uid: int) -> None:
    """The same for everything below a folder, and then the folder."""
    if os.geteuid() == 0:
        own_tree(folder, f"{uid}:{uid}")


def own_tree(folder: Path, owner: str) -> None:
    """Change the owner (`chown`'s "user:group" in numbers, either may be left out) of everything below a folder, and
    last of the folder. Root only. Raises Refusal `home-not-owned` if a part cannot be reached.

    By the system's own program: it goes from folder to folder by open descriptors, so a folder that turns into a link
    meanwhile leads nowhere, and no depth of folders ends it. Python's walks go by path and by recursion.
    """
    command = [CHOWN, "--no-dereference", "--recursive", owner, "--", str(folder)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise Refusal("home-not-owned", "A folder could not be given its owner.", "Ask the service desk.")


def next_number(taken: Iterable[int], first: int, last: int) -> int:
    """The number after the highest one taken. Raises Refusal `no-user-number` if there is none left."""
    number = max((held for held in taken if first <= held <= last), default=first - 1) + 1
    if number > last:
        raise Refusal("no-user-number", "There is no user number left for a workspace.", "Ask the service desk.")
    return number


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One process at a time gives out numbers."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
