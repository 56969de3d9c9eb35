"""Certificates of destruction: what was destroyed, how, by whom, and what became of the extracts made with it; signed.

Promise: a certificate that was changed does not verify, and verifying needs no gateway, only the public key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from governance.audit import is_signed, public_key, sign_statement
from governance.refusal import Refusal

KIND = "key-destruction"
FORMAT = "sde-key-certificate-1"
METHOD = "each file overwritten once with random bytes, synced to the disk, unlinked, its folder synced"
NOT_COVERED = (
    "copies in backups and snapshots, blocks that the storage has set aside, and memory or swap of processes that used"
    " the key while it was in force"
)


@dataclass(frozen=True)
class DestroyedKey:
    """One key as it was: its id is no secret, and says whether an extract was made with it."""

    domain: str
    generation: int
    key_id: str
    made_at: str


@dataclass(frozen=True)
class ExtractState:
    """One extract of the project when its keys were destroyed. `state`: in force, kept or destroyed."""

    folder: str
    sha256: str
    state: str


@dataclass(frozen=True)
class Certificate:
    """What a certificate says. Moments are ISO 8601, UTC."""

    project: str
    destroyed_at: str
    by: str
    keys: tuple[DestroyedKey, ...]
    extracts: tuple[ExtractState, ...]
    audit_events_before: int
    method: str = METHOD
    not_covered: str = NOT_COVERED


def write_signed(certificate: Certificate, signing_key: Path) -> bytes:
    """The certificate as it is kept: JSON, with the signature and the public key to find the right one by."""
    said = _plain(certificate)
    document = {
        "format": FORMAT,
        "certificate": said,
        "signature": sign_statement(signing_key, KIND, said),
        "public_key": public_key(signing_key),
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def verify(written: bytes, public: str) -> Certificate:
    """The certificate, if this key signed it. Raises Refusal `certificate-unreadable`, `certificate-not-signed`."""
    try:
        document = json.loads(written)
        said, signature = document["certificate"], document["signature"]
        if document["format"] != FORMAT or not isinstance(said, dict):
            raise ValueError
        certificate = _understand(said)
    except (ValueError, KeyError, TypeError):
        raise Refusal("certificate-unreadable", "This is no certificate of destruction.", "Check the file.") from None
    if not isinstance(signature, str) or _plain(certificate) != said or not is_signed(public, KIND, said, signature):
        raise Refusal(
            "certificate-not-signed",
            "The certificate is not as it was signed, or another key signed it.",
            "Get the file and the public key again from where they were made.",
        )
    return certificate


def _plain(certificate: Certificate) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(certificate)))
    return plain


def _understand(said: Mapping[str, Any]) -> Certificate:
    keys: Sequence[Mapping[str, Any]] = said["keys"]
    extracts: Sequence[Mapping[str, Any]] = said["extracts"]
    return Certificate(
        **{
            **said,
            "keys": tuple(DestroyedKey(**key) for key in keys),
            "extracts": tuple(ExtractState(**extract) for extract in extracts),
        }
    )
