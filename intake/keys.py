"""Keys of pseudonymisation: one per project and domain, in 0600 files. Promise: a key never leaves this module but as
the object that computes with it; it is in no argv, log, SQL text or extract.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from governance.refusal import Refusal

KEY_BYTES = 32
PSEUDONYM_BITS = 63  # fits a positive BIGINT


class PseudonymKey:
    """HMAC-SHA256 under one key; `repr` shows nothing."""

    __slots__ = ("__secret",)

    def __init__(self, secret: bytes) -> None:
        self.__secret = secret

    def __repr__(self) -> str:
        return "PseudonymKey()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key cannot be pickled or copied")

    def pseudonyms(self, identifiers: Iterable[int | str]) -> list[int]:
        """One 63-bit pseudonym for each identifier, in order.

        Raises Refusal `pseudonym-clash` if two of the (distinct) identifiers meet: the caller must not go on.
        """
        made = [
            int.from_bytes(hmac.digest(self.__secret, str(identifier).encode(), hashlib.sha256)[:8], "big") >> 1
            for identifier in identifiers
        ]
        if len(set(made)) != len(made):
            raise Refusal("pseudonym-clash", "Two people would share a pseudonym.", "Rotate the project's key.")
        return made


def open_project_key(folder: Path, project: str, domain: str) -> PseudonymKey:
    """The project's key for one domain (`person`, `visit`, ...), made with 32 random bytes when it is new.

    Raises Refusal `bad-key` if the file is readable by others or has another length.
    """
    file = folder / f"{project}.{domain}.key"
    if not file.exists():
        _make(file)
    held = file.stat()
    secret = file.read_bytes()
    if held.st_mode & 0o077 or len(secret) != KEY_BYTES:
        raise Refusal("bad-key", f"The key file {file.name} is readable by others or damaged.", "Restore it, 0600.")
    return PseudonymKey(secret)


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
