"""Certificates of destruction: signed, read back, and worth nothing once changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from governance.audit import is_signed, public_key, sign_statement
from governance.refusal import Refusal
from intake.keys.certificate import Certificate, DestroyedKey, ExtractState, verify, write_signed

CERTIFICATE = Certificate(
    project="gi-bleed",
    destroyed_at="2026-11-22T14:00:00+00:00",
    by="operator:test",
    keys=(DestroyedKey("person", 1, "0011223344556677", "2026-01-01T00:00:00+00:00"),),
    extracts=(ExtractState("gi-bleed/x", "a" * 64, "kept"),),
    audit_events_before=17,
)


def signing_key(file: Path) -> Path:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem)
    return file


def test_it_says_what_was_signed(tmp_path: Path) -> None:
    key = signing_key(tmp_path / "key")
    assert verify(write_signed(CERTIFICATE, key), public_key(key)) == CERTIFICATE


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "project": lambda d: d["certificate"].update(project="respiratory"),
    "a key less": lambda d: d["certificate"].update(keys=[]),
    "an extract": lambda d: d["certificate"]["extracts"][0].update(state="destroyed"),
    "when": lambda d: d["certificate"].update(destroyed_at="2026-11-23T14:00:00+00:00"),
    "what is not covered": lambda d: d["certificate"].update(not_covered=""),
    "no signature": lambda d: d.update(signature=""),
    "a number as signature": lambda d: d.update(signature=7),
    "an own public key": lambda d: d.update(public_key="00" * 32),
}


@pytest.mark.parametrize("change", [name for name in CHANGES if name != "an own public key"])
def test_a_changed_one_is_refused(tmp_path: Path, change: str) -> None:
    key = signing_key(tmp_path / "key")
    document = json.loads(write_signed(CERTIFICATE, key))
    CHANGES[change](document)
    with pytest.raises(Refusal, match="certificate-not-signed"):
        verify(json.dumps(document).encode(), public_key(key))


def test_the_key_inside_is_not_what_it_is_verified_with(tmp_path: Path) -> None:
    key, forger = signing_key(tmp_path / "key"), signing_key(tmp_path / "forger")
    with pytest.raises(Refusal, match="certificate-not-signed"):
        verify(write_signed(CERTIFICATE, forger), public_key(key))


@pytest.mark.parametrize(
    "written", [b"", b"[]", b"{}", b"\xff", b'{"format": "x", "certificate": {}, "signature": ""}']
)
def test_something_else_is_refused(tmp_path: Path, written: bytes) -> None:
    with pytest.raises(Refusal, match="certificate-unreadable"):
        verify(written, "00" * 32)


def test_a_signature_is_for_one_kind_of_statement(tmp_path: Path) -> None:
    key = signing_key(tmp_path / "key")
    signature = sign_statement(key, "one-kind", {"a": 1})
    assert is_signed(public_key(key), "one-kind", {"a": 1}, signature)
    assert not is_signed(public_key(key), "other-kind", {"a": 1}, signature)
    assert not is_signed(public_key(key), "one-kind", {"a": 2}, signature)
    assert not is_signed("", "one-kind", {"a": 1}, signature)
