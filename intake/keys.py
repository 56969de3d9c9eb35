"""Keys of pseudonymisation: one per project and domain, and one per data cut, in 0600 files. Promise: a key never
leaves this module but as the object that computes with it; it is in no argv, log, SQL text or extract.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from governance.refusal import Refusal

KEY_BYTES = 32
PSEUDONYM_BITS = 63  # fits a positive BIGINT
_CUT = re.compile(r"[0-9a-f]{64}")


class _SecretKey:
    """HMAC-SHA256 under one key; `repr` shows nothing."""

    __slots__ = ("__secret",)

    def __init__(self, secret: bytes) -> None:
        self.__secret = secret

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key cannot be pickled or copied")

    def _numbers(self, identifiers: Iterable[int | str]) -> list[int]:
        """The first 64 bits of each identifier's HMAC, in order."""
        return [
            int.from_bytes(hmac.digest(self.__secret, str(identifier).encode(), hashlib.sha256)[:8], "big")
            for identifier in identifiers
        ]


class PseudonymKey(_SecretKey):
    """Stands in for people and visits inside one project."""

    __slots__ = ()

    def pseudonyms(self, identifiers: Iterable[int | str]) -> list[int]:
        """One 63-bit pseudonym for each identifier, in order.

        Raises Refusal `pseudonym-clash` if two of the (distinct) identifiers meet: the caller must not go on.
        """
        made = [number >> 1 for number in self._numbers(identifiers)]
        if len(set(made)) != len(made):
            raise Refusal("pseudonym-clash", "Two people would share a pseudonym.", "Rotate the project's key.")
        return made


class MarkKey(_SecretKey):
    """Marks the people of one data cut, the same in every project."""

    __slots__ = ()

    def marks(self, identifiers: Iterable[int | str]) -> list[int]:
        """One unsigned 64-bit mark for each original identifier, in order.

        Raises Refusal `mark-clash` if two of the (distinct) identifiers meet: two people under one mark would cancel
        each other out in the guard's sketches.
        """
        made = self._numbers(identifiers)
        if len(set(made)) != len(made):
            raise Refusal(
                "mark-clash",
                "Two people would share a mark.",
                "Remove the cut's key file and build every extract of this source again.",
            )
        return made


def open_project_key(folder: Path, project: str, domain: str) -> PseudonymKey:
    """The project's key for one domain (`person`, `visit`, ...), made with 32 random bytes when it is new.

    Raises Refusal `bad-key` if the file is readable by others or has another length.
    """
    return PseudonymKey(_secret_in(folder / f"{project}.{domain}.key"))


def open_cut_key(folder: Path, cut: str) -> MarkKey:
    """The key of one data cut, shared by all projects built from it; made like a project's key when it is new.

    Args:
        folder: of the keys.
        cut: SHA-256 of the source, 64 hexadecimal digits (no slug of a project is that long).

    Raises Refusal `bad-key` as `open_project_key`, ValueError for what is no digest.
    """
    if not _CUT.fullmatch(cut):
        raise ValueError("a cut is named by the SHA-256 of its source")
    return MarkKey(_secret_in(folder / f"cut-{cut}.mark.key"))


def _secret_in(file: Path) -> bytes:
    if not file.exists():
        _make(file)
    held = file.stat()
    secret = file.read_bytes()
    if held.st_mode & 0o077 or len(secret) != KEY_BYTES:
        raise Refusal("bad-key", f"The key file {file.name} is readable by others or damaged.", "Restore it, 0600.")
    return secret


def _make(file: Path) -> None:
    """Written whole or not at all; a second maker loses against the first."""
    spare = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(spare, file)
        except FileExistsError:
            return
    finally:
        spare.unlink()
