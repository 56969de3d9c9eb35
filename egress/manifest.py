"""The release manifest: what left, under which policy, on whose approval. Promise: canonical bytes (sorted keys, no
spaces to choose), so that its SHA-256 and its signature mean one document.

Format 1, UTF-8 JSON. The signature is Ed25519 over the manifest's bytes, kept beside it in `manifest.sig`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from governance.refusal import Refusal

FORMAT = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
KEY_FILE = "release-signing.pem"
TOOLS = ("sde-gateway", "nbconvert", "pillow")


@dataclass(frozen=True)
class ManifestFile:
    """One released file."""

    name: str
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True)
class Manifest:
    """Everything a reader outside needs to know of a release. `receipts` are ids of the author's answered queries."""

    project: str
    request: str
    turn: int
    author: str
    title: str
    profile: str
    policy_version: str
    threshold: int
    round_to: int
    checkers: tuple[str, ...]
    controller: str | None
    files: tuple[ManifestFile, ...]
    receipts: tuple[str, ...]
    created_at: datetime
    released_at: datetime

    def to_bytes(self) -> bytes:
        """Canonical JSON with a final newline."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "project": self.project,
            "request": self.request,
            "turn": self.turn,
            "author": self.author,
            "title": self.title,
            "profile": self.profile,
            "policy_version": self.policy_version,
            "threshold": self.threshold,
            "round_to": self.round_to,
            "checkers": sorted(self.checkers),
            "controller": self.controller,
            "files": [vars(file) for file in sorted(self.files, key=lambda file: file.name)],
            "receipts": list(self.receipts),
            "created_at": self.created_at.isoformat(timespec="seconds"),
            "released_at": self.released_at.isoformat(timespec="seconds"),
            "tools": {tool: version(tool) for tool in TOOLS},
        }
        return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def read_files(document: bytes) -> Mapping[str, ManifestFile]:
    """The released files by name, from a manifest whose SHA-256 was checked. Raises KeyError, ValueError, TypeError."""
    files: Sequence[Mapping[str, Any]] = json.loads(document)["files"]
    return {
        file["name"]: ManifestFile(file["name"], file["sha256"], file["size"], file["media_type"]) for file in files
    }


def digest(document: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(document).hexdigest()


def sign(document: bytes, keys: Path) -> bytes:
    """The signature file: JSON with the algorithm, the public key and the signature, in hex."""
    key = _load_key(keys / KEY_FILE)
    lines = {
        "algorithm": "Ed25519",
        "public_key": key.public_key().public_bytes_raw().hex(),
        "signature": key.sign(document).hex(),
    }
    return (json.dumps(lines, sort_keys=True, indent=1) + "\n").encode()


def is_signed_by(document: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether `signature` (a signature file) is this key's over exactly these bytes. The key in the file is ignored: a
    reader must have it from elsewhere."""
    try:
        mark = bytes.fromhex(json.loads(signature)["signature"])
        Ed25519PublicKey.from_public_bytes(public_key).verify(mark, document)
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return False
    return True


def public_key(keys: Path) -> bytes:
    """The raw public key to publish, 32 bytes."""
    return _load_key(keys / KEY_FILE).public_key().public_bytes_raw()


def _load_key(file: Path) -> Ed25519PrivateKey:
    if not file.exists():
        _create_key(file)
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError):
        raise _unusable() from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable()
    return key


def _unusable() -> Refusal:
    return Refusal("release-key-missing", "The release-signing key cannot be used.", "Restore it from your backup.")


def _create_key(file: Path) -> None:
    """Write the key beside its place and link it there: two first releases at once keep one key."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    spare = file.with_name(f".{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(spare, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(spare, file)
    except FileExistsError:
        pass
    finally:
        spare.unlink()
