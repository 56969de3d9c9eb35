"""What a file store remembers of one project's keys beside the keys themselves: which were made, and whether all are to
be destroyed. Promise: it holds no secret, and a key on record that has gone is never taken for one not made yet.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from governance.clock import now
from governance.refusal import Refusal
from intake.keys.secret_file import PRIVATE_FILE, sync_folder


@dataclass(frozen=True)
class Entry:
    """One key as it was made."""

    domain: str
    generation: int
    key_id: str
    made_at: datetime


@dataclass(frozen=True)
class KeyBook:
    """The keys ever made for one project, oldest first. `destroyed`: none is left, or soon none, and none is made."""

    entries: tuple[Entry, ...] = ()
    destroyed: bool = False

    def of(self, domain: str) -> tuple[Entry, ...]:
        """Those of one domain, oldest first."""
        return tuple(entry for entry in self.entries if entry.domain == domain)

    def with_key(self, domain: str, generation: int, key_id: str) -> KeyBook:
        """The book with one more line."""
        return replace(self, entries=(*self.entries, Entry(domain, generation, key_id, now())))


def read_book(file: Path) -> KeyBook:
    """The book, empty if there is none. Raises Refusal `bad-key` if it cannot be understood."""
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        entries = tuple(
            Entry(str(e["domain"]), int(e["generation"]), str(e["key_id"]), datetime.fromisoformat(e["made_at"]))
            for e in written["keys"]
        )
        return KeyBook(entries, bool(written["destroyed"]))
    except FileNotFoundError:
        return KeyBook()
    except (OSError, ValueError, KeyError, TypeError):
        raise Refusal("bad-key", f"{file.name} is damaged.", "Restore the folder of keys from your backup.") from None


def write_book(file: Path, book: KeyBook) -> None:
    """Replace the book, whole."""
    document = {
        "keys": [{**vars(entry), "made_at": entry.made_at.isoformat()} for entry in book.entries],
        "destroyed": book.destroyed,
    }
    spare = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(document, stream)
        stream.flush()
        os.fsync(stream.fileno())
    spare.replace(file)
    sync_folder(file.parent)
