"""The store of keys for one machine: one 0600 file a key in the folder of keys, and one book a project.

`<project>.<domain>.key` is the first generation, `<project>.<domain>.<n>.key` the n-th; `<project>.keys.json` the book.
Promise: a key is made once, at the first use that may make it; a project whose keys were destroyed is given none.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from governance.refusal import Refusal
from governance.registry.validation import check_slug
from intake.keys.book import Entry, KeyBook, read_book, write_book
from intake.keys.computing import MarkKey, PseudonymKey, wipe
from intake.keys.cuts import open_cut_key
from intake.keys.domains import DOMAINS, check_domain
from intake.keys.secret_file import PRIVATE_FILE, make_secret, read_secret, shred
from intake.keys.store import KeyRecord, key_destroyed, key_missing

_BOOK = ".keys.json"
_KEY = re.compile(r"(?P<domain>[a-z_]+)(\.(?P<generation>[0-9]{1,6}))?\.key")


@dataclass(frozen=True)
class FileKeyStore:
    """Keys in `folder`. See intake.keys.store for what each method promises."""

    folder: Path

    def exists(self, project: str, domain: str) -> bool:
        """Whether there is a key now."""
        return bool(self._generations(project, domain))

    def open(self, project: str, domain: str, *, key_id: str = "", make: bool = False) -> PseudonymKey:
        """The newest generation, or the one of that id."""
        check_domain(domain)
        if self._book(project).destroyed:
            raise key_destroyed(project)
        if make and not self.exists(project, domain):
            self._make_first(project, domain)
        held = self._generations(project, domain)
        recorded = self._book(project).of(domain)
        if not held or (recorded and recorded[-1].generation not in held):
            raise key_missing(project, domain)
        for generation in reversed(held):
            try:
                key = self._read(project, domain, generation)
            except FileNotFoundError:  # retired or destroyed this moment; never another one instead
                if not key_id:
                    break
                continue
            if key_id in ("", key.key_id):
                return key
        raise key_missing(project, domain)

    def open_cut(self, cut: str) -> MarkKey:
        """The key of one data cut."""
        return open_cut_key(self.folder, cut)

    def rotate(self, project: str, domain: str) -> KeyRecord:
        """Make the next generation."""
        newest = self.open(project, domain)
        with self._changing():
            book = self._with_unrecorded(project)
            generation = book.of(domain)[-1].generation + 1
            file = self._file(project, domain, generation)
            make_secret(file)
            made = self._read(project, domain, generation)
            if made.key_id == newest.key_id:
                raise Refusal("bad-key", "Two keys are the same.", "Check the machine's source of randomness.")
            write_book(self._book_file(project), book.with_key(domain, generation, made.key_id))
        return self.records(project)[-1]

    def retire(self, project: str, keep: frozenset[str]) -> tuple[KeyRecord, ...]:
        """Destroy old generations but those of these ids and the newest of each domain."""
        with self._changing():
            book = self._with_unrecorded(project)
            newest = {entry.domain: entry.generation for entry in book.entries}
            old = [e for e in book.entries if e.generation != newest[e.domain] and e.key_id not in keep]
            gone = [entry for entry in old if self._file(project, entry.domain, entry.generation).exists()]
            for entry in gone:
                shred(self._file(project, entry.domain, entry.generation))
        return tuple(self._record(project, entry) for entry in gone)

    def destroy(self, project: str) -> tuple[KeyRecord, ...]:
        """Destroy all keys of the project, for good."""
        with self._changing():
            book = self._with_unrecorded(project)
            if not book.entries:
                raise Refusal("key-missing", f"{project} has no key.", "`sde key list` names those there are.")
            write_book(self._book_file(project), replace(book, destroyed=True))  # first, so that none is made meanwhile
            for file in self._files(project):
                shred(file)
        return tuple(self._record(project, entry) for entry in book.entries)

    def records(self, project: str | None = None) -> tuple[KeyRecord, ...]:
        """Every key ever made, oldest first within a project."""
        projects = [project] if project is not None else self._projects()
        return tuple(
            self._record(slug, entry) for slug in projects for entry in self._complete(slug, self._book(slug)).entries
        )

    def _make_first(self, project: str, domain: str) -> None:
        with self._changing():
            book = self._book(project)
            if book.destroyed:
                raise key_destroyed(project)
            if self.exists(project, domain):
                return  # somebody was quicker; their key counts
            if book.of(domain):
                raise key_missing(project, domain)
            make_secret(self._file(project, domain, 1))
            made = self._read(project, domain, 1)
            write_book(self._book_file(project), book.with_key(domain, 1, made.key_id))

    def _with_unrecorded(self, project: str) -> KeyBook:
        """The book, completed on disk by keys that an earlier release, or one that broke off, left without a line."""
        book = self._book(project)
        complete = self._complete(project, book)
        if complete != book:
            write_book(self._book_file(project), complete)
        return complete

    def _complete(self, project: str, book: KeyBook) -> KeyBook:
        for domain in DOMAINS:
            known = {entry.generation for entry in book.of(domain)}
            for generation in self._generations(project, domain):
                if generation not in known and not book.destroyed:
                    book = book.with_key(domain, generation, self._read(project, domain, generation).key_id)
        return book

    def _record(self, project: str, entry: Entry) -> KeyRecord:
        held = self._file(project, entry.domain, entry.generation).exists()
        return KeyRecord(project, entry.domain, entry.generation, entry.key_id, entry.made_at, held)

    def _read(self, project: str, domain: str, generation: int) -> PseudonymKey:
        secret = read_secret(self._file(project, domain, generation))
        try:
            return PseudonymKey(secret)
        finally:
            wipe(secret)

    def _generations(self, project: str, domain: str) -> list[int]:
        found = [match for file in self._files(project) if (match := self._understand(project, file))]
        return sorted(int(match["generation"] or 1) for match in found if match["domain"] == domain)

    def _files(self, project: str) -> list[Path]:
        check_slug(project)
        return [file for file in self.folder.glob(f"{project}.*.key") if self._understand(project, file)]

    @staticmethod
    def _understand(project: str, file: Path) -> re.Match[str] | None:
        return _KEY.fullmatch(file.name.removeprefix(f"{project}."))

    def _file(self, project: str, domain: str, generation: int) -> Path:
        return self.folder / (f"{project}.{domain}" + (f".{generation}" if generation > 1 else "") + ".key")

    def _book_file(self, project: str) -> Path:
        return self.folder / f"{check_slug(project)}{_BOOK}"

    def _book(self, project: str) -> KeyBook:
        return read_book(self._book_file(project))

    def _projects(self) -> list[str]:
        named = {file.name.removesuffix(_BOOK) for file in self.folder.glob(f"*{_BOOK}")}
        named |= {
            file.name.split(".")[0]
            for file in self.folder.glob("*.key")
            if _KEY.fullmatch(file.name.partition(".")[2]) and file.name.split(".")[1] in DOMAINS
        }
        return sorted(name for name in named if not name.startswith("."))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One writer at a time over all processes and threads."""
        descriptor = os.open(self.folder / ".keys.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
