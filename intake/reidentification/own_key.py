"""A keyholder's or clinician's own key: an X25519 key pair in a file of theirs, under a passphrase. Promise: without
the passphrase the file opens nothing, and it is written once, 0600, over nothing else.

The passphrase becomes a key by Argon2id (RFC 9106, second recommended choice: 64 MiB), the private half is sealed with
ChaCha20-Poly1305, bound to whose it is.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from governance.refusal import Refusal
from intake.keys import forbid_dumps

FORMAT = "sde-own-key-1"
SHORTEST_PASSPHRASE = 12  # characters
_SALT, _NONCE = 16, 12
_ITERATIONS, _LANES, _MEMORY = 3, 4, 64 * 1024  # KiB


@dataclass(frozen=True)
class OwnKey:
    """An opened key. `repr` shows whose it is, nothing more."""

    subject: str
    private: X25519PrivateKey = field(repr=False)

    @property
    def public_bytes(self) -> bytes:
        """The public half, 32 bytes."""
        return self.private.public_key().public_bytes_raw()


def make_own_key(file: Path, subject: str, passphrase: str) -> OwnKey:
    """Make a key pair and write it, once. Raises Refusal `passphrase-too-short`, `file-exists`."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Refusal(
            "passphrase-too-short",
            f"A passphrase has at least {SHORTEST_PASSPHRASE} characters.",
            "Take a sentence that nobody would guess.",
        )
    forbid_dumps()
    own = OwnKey(subject, X25519PrivateKey.generate())
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    sealed = _cipher(passphrase, salt).encrypt(nonce, own.private.private_bytes_raw(), _bound_to(subject))
    document = {"format": FORMAT, "subject": subject, "salt": salt.hex(), "sealed": (nonce + sealed).hex()}
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Refusal("file-exists", "There is a file of this name already.", "Choose another name.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(document, stream)
        stream.flush()
        os.fsync(stream.fileno())
    return own


def open_own_key(file: Path, passphrase: str) -> OwnKey:
    """Open a key file. Raises Refusal `own-key-unreadable`, the same for a wrong passphrase and a damaged file."""
    forbid_dumps()
    try:
        document = _read(file)
        subject, salt, sealed = document["subject"], bytes.fromhex(document["salt"]), bytes.fromhex(document["sealed"])
        raw = _cipher(passphrase, salt).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound_to(subject))
        return OwnKey(subject, X25519PrivateKey.from_private_bytes(raw))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidTag):
        raise Refusal(
            "own-key-unreadable", "The key file cannot be opened with this passphrase.", "Check both, and try again."
        ) from None


def _read(file: Path) -> dict[str, Any]:
    document = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError
    return document


def _cipher(passphrase: str, salt: bytes) -> ChaCha20Poly1305:
    stretched = Argon2id(salt=salt, length=32, iterations=_ITERATIONS, lanes=_LANES, memory_cost=_MEMORY)
    return ChaCha20Poly1305(stretched.derive(passphrase.encode()))


def _bound_to(subject: str) -> bytes:
    return f"{FORMAT}:{subject}".encode()
