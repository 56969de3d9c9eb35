"""Signs what a release says with the release-signing key (Ed25519). Promise: the signature is over the document's very
bytes, so anybody can check it with the public key and common tools; the private key never leaves its file.

Each signed document names its kind, so that a signed recall is no signed release.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from egress.releasing.documents import canonical
from governance.refusal import Refusal

KEY_FILE = "release-signing.pem"


def sign(document: bytes, keys: Path) -> bytes:
    """The signature file: JSON with the algorithm, the public key and the signature, in hex."""
    key = _load_key(keys / KEY_FILE)
    lines = {
        "algorithm": "Ed25519",
        "public_key": key.public_key().public_bytes_raw().hex(),
        "signature": key.sign(document).hex(),
    }
    return canonical(lines)


def is_signed_by(document: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether `signature` (a signature file) is this key's over exactly these bytes. The key in the file is ignored: a
    reader must have it from elsewhere."""
    try:
        mark = bytes.fromhex(json.loads(signature)["signature"])
        Ed25519PublicKey.from_public_bytes(public_key).verify(mark, document)
    except (ValueError, KeyError, TypeError, RecursionError, InvalidSignature):
        return False
    return True


def claimed_key(signature: bytes) -> str:
    """The public key (hex) that a signature file says it is from; empty if it says none. Proves nothing by itself."""
    try:
        claimed = bytes.fromhex(json.loads(signature)["public_key"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return claimed.hex() if len(claimed) == 32 else ""


def public_key(keys: Path) -> bytes:
    """The raw public key to publish, 32 bytes."""
    return _load_key(keys / KEY_FILE).public_key().public_bytes_raw()


def public_pem(key: bytes) -> str:
    """The same key as PEM, for other tools."""
    pem = Ed25519PublicKey.from_public_bytes(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


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
