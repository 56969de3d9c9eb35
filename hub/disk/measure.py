"""How much disk space a folder takes: blocks on disk, by owner. Promise: no link is followed, no hard link counted
twice, and neither time, memory nor descriptors depend on what somebody has put there.

Code inside changes the folder meanwhile; each step therefore goes by the descriptor of the folder above it.
"""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

BLOCK_BYTES = 512  # of st_blocks, whatever the file system's own block is (stat(2))
LEAST_BYTES = 4096  # what any file is charged: an empty one takes its place too
MOST_COUNTED = 1_000_000
MOST_DEPTH = 64  # each level holds a descriptor
LONGEST_SECONDS = 20.0
LOOK_AT_CLOCK_EVERY = 256

if TYPE_CHECKING:
    _Open = list[tuple[int, "os._ScandirIterator[str]"]]  # the chain of folders down to where we are

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Use:
    """What was found.

    Attributes:
        by_owner: user number -> bytes on disk.
        files: files and folders.
        hidden: whether something could not be looked into: nested too deep, or closed to us.
        too_many: whether the count was given up for the number of files.
        whole: whether all of it was counted; False after too many files or too much time.
    """

    by_owner: Mapping[int, int] = field(default_factory=dict)
    files: int = 0
    hidden: bool = False
    too_many: bool = False
    whole: bool = True

    @property
    def bytes(self) -> int:
        """Of all owners."""
        return sum(self.by_owner.values())


def measure(folder: Path, *, most_files: int = MOST_COUNTED, seconds: float = LONGEST_SECONDS) -> Use:
    """Count the folder and all below it; it stops one file after `most_files`, or after `seconds`. Blocking."""
    tally = _Tally(most_files, time.monotonic() + seconds)
    open_folders: _Open = []
    try:
        tally.descend(folder, None, open_folders)
        while open_folders and not tally.is_full:
            descriptor, entries = open_folders[-1]
            entry = next(entries, None)
            if entry is None:
                os.close(open_folders.pop()[0])
            elif tally.count(entry):
                tally.descend(entry.name, descriptor, open_folders)
    finally:
        for descriptor, entries in open_folders:
            entries.close()
            os.close(descriptor)
    return Use(dict(tally.by_owner), tally.files, tally.hidden, tally.files > most_files, not tally.is_full)


class _Tally:
    def __init__(self, most_files: int, ends: float) -> None:
        self.by_owner: Counter[int] = Counter()
        self.files = 0
        self.hidden = False
        self._late = False
        self._most_files, self._ends = most_files, ends
        self._linked: set[tuple[int, int]] = set()

    @property
    def is_full(self) -> bool:
        return self._late or self.files > self._most_files

    def count(self, entry: os.DirEntry[str]) -> bool:
        """Count it; whether it is a folder to go into."""
        self.files += 1
        if self.files % LOOK_AT_CLOCK_EVERY == 0:
            self._late = time.monotonic() > self._ends
        try:
            held = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return False
        except PermissionError:
            self.hidden = True
            return False
        if stat.S_ISDIR(held.st_mode):
            self.by_owner[held.st_uid] += max(held.st_blocks * BLOCK_BYTES, LEAST_BYTES)
            return True
        if held.st_nlink > 1:
            if (held.st_dev, held.st_ino) in self._linked:
                return False
            self._linked.add((held.st_dev, held.st_ino))
        self.by_owner[held.st_uid] += max(held.st_blocks * BLOCK_BYTES, LEAST_BYTES)
        return False

    def descend(self, name: str | Path, above: int | None, open_folders: _Open) -> None:
        if len(open_folders) >= MOST_DEPTH:
            self.hidden = True
            return
        with suppress(FileNotFoundError, NotADirectoryError):  # changed meanwhile
            try:
                descriptor = os.open(name, FOLDER, dir_fd=above)
            except PermissionError:
                self.hidden = True
                return
            open_folders.append((descriptor, os.scandir(descriptor)))
