"""Checks that an extract's bytes are those the register recorded, before a worker opens it."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from governance.refusal import Refusal

DAMAGED = "extract-damaged"
FileState = tuple[str, int, int, int, int]


class FingerprintBook:
    """Remembers the hash of a file for as long as its size, inode and times stay the same. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[FileState, str] = {}
        self._lock = threading.Lock()

    def check(self, database: Path, sha256: str) -> None:
        """Raise Refusal `extract-damaged` unless the file has this SHA-256 (hex)."""
        try:
            held = self._digest(database)
        except OSError:
            held = ""
        if held != sha256:
            raise Refusal(DAMAGED, "This project's data is not what the register recorded.", "Tell your data steward.")

    def _digest(self, database: Path) -> str:
        now = database.stat()
        state = (str(database), now.st_size, now.st_ino, now.st_mtime_ns, now.st_ctime_ns)
        with self._lock:
            known = self._known.get(state)
        if known is None:
            with database.open("rb") as stream:
                known = hashlib.file_digest(stream, "sha256").hexdigest()
            with self._lock:
                self._known = {key: value for key, value in self._known.items() if key[0] != str(database)}
                self._known[state] = known
        return known
