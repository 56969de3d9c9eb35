"""Statements signed with the audit-signing key, to be verified anywhere by whoever has the public key. Promise: a
signature over one kind of statement is none over another, nor over a head of the chain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from governance.audit.signed_head import load_signing_key


def sign_statement(signing_key: Path, kind: str, statement: Mapping[str, Any]) -> str:
    """The Ed25519 signature (hex). Raises OSError, ValueError for a key that is missing or none."""
    return load_signing_key(signing_key).sign(_message(kind, statement)).hex()


def public_key(signing_key: Path) -> str:
    """The public half (hex, 32 bytes), for those who verify. Raises OSError, ValueError."""
    return load_signing_key(signing_key).public_key().public_bytes_raw().hex()


def is_signed(public: str, kind: str, statement: Mapping[str, Any], signature: str) -> bool:
    """Whether the signature is this key's over this statement; False for anything malformed."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), _message(kind, statement))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _message(kind: str, statement: Mapping[str, Any]) -> bytes:
    body = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sde-statement:{kind}:{body}".encode()
