"""Opens a path that somebody else chose. Promise: never blocks, never follows a link, never reads past the limit."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from egress.findings import Finding, Severity

NOT_A_FILE, TOO_LARGE, EMPTY = "not-a-file", "file-size", "empty-file"
UNREADABLE = "could-not-be-read"
FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True)
class Opened:
    """The very bytes that are checked, and their sha256."""

    content: bytes = field(repr=False)
    sha256: str


class CannotOpenError(Exception):
    """The path gives no bytes to check. `finding` says why; `size` is known for a file that is too large."""

    def __init__(self, finding: Finding, size: int = 0) -> None:
        super().__init__(finding.check)
        self.finding = finding
        self.size = size


def open_for_checks(path: Path, limit: int) -> Opened:
    """Read a regular file of at most `limit` bytes. Raises CannotOpenError for everything else."""
    try:
        content = _read(path, limit)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        why = "There is no such file." if gone else "The file cannot be opened for reading."
        raise CannotOpenError(
            _fail(NOT_A_FILE if gone else UNREADABLE, why, "Check the path and its rights.")
        ) from None
    if not content.strip(b"\x00\t\n\r \xef\xbb\xbf"):
        raise CannotOpenError(_fail(EMPTY, "The file is empty.", "Send only files with results in them."), len(content))
    return Opened(content, hashlib.sha256(content).hexdigest())


def _read(path: Path, limit: int) -> bytes:
    _check_is_regular(os.lstat(path).st_mode)  # before opening: opening a device can already do something
    with os.fdopen(os.open(path, FLAGS), "rb") as file:
        held = os.fstat(file.fileno())
        _check_is_regular(held.st_mode)
        content = file.read(limit + 1) if held.st_size <= limit else b""
        if held.st_size > limit or len(content) > limit:
            why = f"The file is larger than {limit / 2**20:g} MB."
            fix = "Send results, not data; split a figure or lower its resolution."
            raise CannotOpenError(_fail(TOO_LARGE, why, fix), max(held.st_size, len(content)))
        return content


def _check_is_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in KINDS if is_kind(mode)), "something else")
        raise CannotOpenError(_fail(NOT_A_FILE, f"The path is {kind}, not a file.", "Name the files one by one."))


def _fail(check: str, why: str, fix: str) -> Finding:
    return Finding(check, Severity.FAIL, "", why, fix)
