"""Keeps submitted files by content, under `airlock/files/<sha256>`. Promise: what is read under a name is exactly the
bytes of that SHA-256 or a refusal; a symbolic link is never followed; nothing larger than the limit is kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from governance.refusal import Refusal

CHUNK = 1 << 18
SHA256 = re.compile(r"[0-9a-f]{64}")
SPARE = ".incoming-"
KEPT_MODE, FOLDER_MODE = 0o400, 0o700


@dataclass(frozen=True)
class StoredFile:
    """One kept file: its SHA-256 (hex) and size in bytes."""

    sha256: str
    size: int


def file_changed(name: str = "") -> Refusal:
    """The refusal for bytes that are not those on record."""
    return Refusal(
        "file-changed",
        "A stored file is not the file that was submitted.",
        "Take the file out of the request and add it again.",
        name,
    )


class FileStore:
    """The files of one airlock. `limit` is the most bytes of one file."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    def put(self, source: BinaryIO, name: str = "") -> StoredFile:
        """Keep a copy of everything `source` holds; a file already kept intact is left alone, a damaged one mended.

        Raises Refusal `file-too-large`, `file-empty`; nothing is kept then.
        """
        self._folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        descriptor, spare = tempfile.mkstemp(prefix=SPARE, dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as target:
                stored = self._copy_in(source, target, name)
                target.flush()
                os.fchmod(target.fileno(), KEPT_MODE)
                os.fsync(target.fileno())
            if not self.is_intact(stored):
                Path(spare).replace(self.path(stored.sha256))
                sync_folder(self._folder)
        finally:
            Path(spare).unlink(missing_ok=True)
        return stored

    def clear_spare(self) -> None:
        """Remove what a killed process was about to keep. Only while nobody adds files: when the service starts."""
        for spare in self._folder.glob(f"{SPARE}*"):
            spare.unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the file is kept. Raises Refusal `file-changed` for anything that is not a SHA-256."""
        if not SHA256.fullmatch(sha256):
            raise file_changed()
        return self._folder / sha256

    def is_intact(self, stored: StoredFile) -> bool:
        """Whether the file is there and still has its bytes."""
        try:
            self.copy_out(stored, None)
        except Refusal:
            return False
        return True

    def copy_out(self, stored: StoredFile, target: BinaryIO | None, name: str = "") -> None:
        """Write the file's bytes to `target` (or nowhere), hashing the very bytes that are written.

        Raises Refusal `file-changed`; what reached `target` by then must be thrown away.
        """
        digest, size = hashlib.sha256(), 0
        try:
            with open_regular(self.path(stored.sha256)) as source:
                while size <= stored.size and (chunk := source.read(CHUNK)):
                    digest.update(chunk)
                    size += len(chunk)
                    if target is not None:
                        target.write(chunk)
        except OSError:
            raise file_changed(name) from None
        if (digest.hexdigest(), size) != (stored.sha256, stored.size):
            raise file_changed(name)

    def _copy_in(self, source: BinaryIO, target: BinaryIO, name: str) -> StoredFile:
        digest, size = hashlib.sha256(), 0
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > self._limit:
                limit = f"{self._limit / 2**20:.0f} MB"
                raise Refusal("file-too-large", f"A file is larger than {limit}.", "Submit a smaller file.", name)
            digest.update(chunk)
            target.write(chunk)
        if not size:
            raise Refusal("file-empty", "A file is empty.", "Leave it out, or write it again.", name)
        return StoredFile(digest.hexdigest(), size)


def open_regular(file: Path) -> BinaryIO:
    """Open a regular file for reading, never through a symbolic link. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return os.fdopen(descriptor, "rb")


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
