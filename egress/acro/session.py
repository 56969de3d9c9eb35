"""Reads a folder that ACRO's `finalise` wrote. Promise: each file is the one whose checksum the session holds, a plain
file of its own folder, and no link is followed; a file the session does not name is left where it is.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from egress.acro.record import LONGEST_RECORD, Record, read_record
from egress.ballots import FileKind
from egress.files import open_regular
from egress.releasing.outputs import AuthorsWord
from governance.refusal import Refusal

RESULTS, CHECKSUMS = "results.json", "checksums"
#: ACRO writes a summary for checkers under this name among the outputs.
KEPT_BACK = "do_not_release"
LONGEST_CHECKSUM = 64


@dataclass(frozen=True)
class SessionFile:
    """One file of a session: its name, bytes, whether it is to be released, and what ACRO said of it."""

    name: str
    content: bytes
    kind: FileKind
    word: AuthorsWord

    def open(self) -> io.BytesIO:
        """The bytes as a stream."""
        return io.BytesIO(self.content)


@dataclass(frozen=True)
class Session:
    """A session that was read: its files in order, the version of ACRO, its record as it was."""

    version: str
    files: tuple[SessionFile, ...]
    record: bytes


def read_session(folder: Path, *, limit: int) -> Session:
    """The session in a folder; `limit`: most bytes of one file.

    Raises Refusal `acro-file-missing`, `acro-checksum-wrong`, `file-too-large` and those of `read_record`.
    """
    document = _read(folder / RESULTS, RESULTS, LONGEST_RECORD)
    record = read_record(document)
    if (folder / CHECKSUMS / f"{RESULTS}.txt").exists():
        _check(folder, RESULTS, document)
    return Session(record.version, tuple(_read_files(folder, record, limit)), document)


def _read_files(folder: Path, record: Record, limit: int) -> list[SessionFile]:
    files = []
    for name, word in record.words.items():
        content = _read(folder / name, name, limit)
        _check(folder, name, content)
        kept_back = name.casefold().startswith(KEPT_BACK)
        files.append(SessionFile(name, content, FileKind.SUPPORTING if kept_back else FileKind.OUTPUT, word))
    return files


def _check(folder: Path, name: str, content: bytes) -> None:
    said = _read(folder / CHECKSUMS / f"{name}.txt", name, LONGEST_CHECKSUM + 2).decode("ascii", "replace").strip()
    if said != hashlib.sha256(content).hexdigest():
        raise Refusal(
            "acro-checksum-wrong", "A file is not the one that ACRO wrote.", "Run finalise again in a new folder.", name
        )


def _read(file: Path, name: str, limit: int) -> bytes:
    try:
        with open_regular(file) as stream:
            content = stream.read(limit + 1)
    except OSError:
        raise Refusal(
            "acro-file-missing", "A file of the session, or its checksum, is not there.", "Send the whole folder.", name
        ) from None
    if len(content) > limit:
        raise Refusal("file-too-large", f"A file is larger than {limit / 2**20:.0f} MB.", "Write a smaller file.", name)
    return content
