"""The signed head: the newest event's number and digest, signed with Ed25519, kept outside the register. Promise: an
older head never replaces a newer one, whatever processes race, and half a head is never seen.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from governance.audit.chain import Head


def sign_head(head_file: Path, signing_key: Path, head: Head) -> None:
    """Write the signed head after a commit, unless a newer one is there. Raises OSError, ValueError."""
    key = load_signing_key(signing_key)
    with _locked(head_file):
        known, problem = read_signed_head(head_file, signing_key)
        if not problem and known is not None and known.seq >= head.seq:
            return
        document = {"seq": head.seq, "digest": head.digest, "signature": key.sign(_message(head)).hex()}
        spare = head_file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(spare, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as stream:
            json.dump(document, stream)
            stream.flush()
            os.fsync(stream.fileno())
        spare.replace(head_file)


def read_signed_head(head_file: Path, signing_key: Path) -> tuple[Head | None, str]:
    """The head and "", or None and what is wrong with it."""
    try:
        document = json.loads(head_file.read_text())
    except FileNotFoundError:
        return None, "the signed head is missing"
    except (OSError, ValueError):
        return None, "the signed head cannot be read"
    try:
        public = load_signing_key(signing_key).public_key()
    except (OSError, ValueError):
        return None, "the signing key is missing or not usable"
    return check_head(document, public)


def check_head(document: Any, public: Ed25519PublicKey) -> tuple[Head | None, str]:
    """The head of a signed document and "", or None and what is wrong with it."""
    if document is None:
        return None, "the signed head is missing"
    try:
        head = Head(int(document["seq"]), str(document["digest"]))
        public.verify(bytes.fromhex(document["signature"]), _message(head))
    except (ValueError, KeyError, TypeError):
        return None, "the signed head cannot be read"
    except InvalidSignature:
        return None, "the signed head was not signed with this key"
    return head, ""


def load_signing_key(file: Path) -> Ed25519PrivateKey:
    """The Ed25519 private key of a PEM file. Raises OSError, ValueError."""
    return _parse_key(file.read_bytes())


@lru_cache(maxsize=8)
def _parse_key(pem: bytes) -> Ed25519PrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the audit signing key is not Ed25519")
    return key


@contextmanager
def _locked(head_file: Path) -> Iterator[None]:
    """One writer at a time over all processes and threads: each opens the lock file anew. The head itself is replaced,
    so the lock is on a file beside it."""
    descriptor = os.open(head_file.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _message(head: Head) -> bytes:
    return f"sde-audit-head:{head.seq}:{head.digest}".encode()
