"""How a request is sealed. Promise: its pseudonyms can be read by its named clinician alone, and only once both of its
keyholders have said yes; whoever changes a word of the request opens nothing.

The pseudonyms are encrypted under a random key (ChaCha20-Poly1305). The key is split: a random half and what, XOR-ed
with it, gives the key; one half alone says nothing at all. Each half is sealed to one keyholder (HPKE, RFC 9180). To
approve is to open one's half and seal it anew, to the clinician. Every seal is bound to the whole request (who, for
whom, why, how many, when) and to the public keys of all three: no seal fits another request, and none fits this one
with another clinician.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from governance.refusal import Refusal
from intake.reidentification.own_key import OwnKey

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_KEY, _NONCE = 32, 12
_FORMAT = 1


@dataclass(frozen=True)
class Terms:
    """All that a request says openly, and the public keys (hex) of the clinician and of both keyholders."""

    id: str
    project: str
    requested_by: str
    clinician: str
    keyholders: tuple[str, str]
    legal_ground: str
    purpose: str
    people: int
    created_at: str
    clinician_key: str
    keyholder_keys: tuple[str, str]

    def as_bytes(self, part: str, *more: str) -> bytes:
        """What a seal of this request is bound to. `part`: which of its seals."""
        written = {"format": _FORMAT, "part": part, "more": more, **asdict(self)}
        return json.dumps(written, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Sealed:
    """A sealed request as the register keeps it; the keys it was sealed to are part of it."""

    body: bytes
    halves: tuple[bytes, bytes]
    clinician_key: str
    keyholder_keys: tuple[str, str]

    def to_bytes(self) -> bytes:
        """For the register."""
        written = {
            "format": _FORMAT,
            "body": _text(self.body),
            "halves": [_text(half) for half in self.halves],
            "clinician_key": self.clinician_key,
            "keyholder_keys": self.keyholder_keys,
        }
        return json.dumps(written).encode()

    @classmethod
    def from_bytes(cls, written: bytes) -> Sealed:
        """From the register. Raises Refusal `request-tampered`."""
        try:
            document = json.loads(written)
            first, second = (base64.b64decode(half, validate=True) for half in document["halves"])
            one, other = map(str, document["keyholder_keys"])
            body = base64.b64decode(document["body"], validate=True)
            return cls(body, (first, second), str(document["clinician_key"]), (one, other))
        except (ValueError, KeyError, TypeError):
            raise tampered() from None


def seal(terms: Terms, pseudonyms: Sequence[int]) -> Sealed:
    """Seal the pseudonyms to both keyholders."""
    key, first = secrets.token_bytes(_KEY), secrets.token_bytes(_KEY)
    nonce = secrets.token_bytes(_NONCE)
    body = nonce + ChaCha20Poly1305(key).encrypt(nonce, json.dumps(sorted(pseudonyms)).encode(), terms.as_bytes("body"))
    halves = (first, _xor(first, key))
    one, other = (
        _SUITE.encrypt(half, _public(public), terms.as_bytes("half", subject))
        for half, public, subject in zip(halves, terms.keyholder_keys, terms.keyholders, strict=True)
    )
    return Sealed(body, (one, other), terms.clinician_key, terms.keyholder_keys)


def pass_on(terms: Terms, sealed: Sealed, keyholder: OwnKey, at: datetime) -> bytes:
    """Open the keyholder's half and seal it to the clinician, with the moment. Raises Refusal `request-tampered`."""
    place = terms.keyholders.index(keyholder.subject)
    try:
        half = _SUITE.decrypt(sealed.halves[place], keyholder.private, terms.as_bytes("half", keyholder.subject))
    except InvalidTag:
        raise tampered() from None
    bound = terms.as_bytes("approval", keyholder.subject, at.isoformat())
    return _SUITE.encrypt(half, _public(terms.clinician_key), bound)


def unseal(
    terms: Terms, sealed: Sealed, clinician: OwnKey, passed_on: Sequence[tuple[str, datetime, bytes]]
) -> tuple[int, ...]:
    """The pseudonyms, from both halves as the keyholders passed them on: (subject, when, sealed half).

    Raises Refusal `request-tampered` if anything is missing or is not what was sealed.
    """
    try:
        if {subject for subject, _, _ in passed_on} != set(terms.keyholders) or len(passed_on) != len(terms.keyholders):
            raise tampered()
        one, other = (
            _SUITE.decrypt(half, clinician.private, terms.as_bytes("approval", subject, at.isoformat()))
            for subject, at, half in passed_on
        )
        cipher = ChaCha20Poly1305(_xor(one, other))
        plain = cipher.decrypt(sealed.body[:_NONCE], sealed.body[_NONCE:], terms.as_bytes("body"))
        return tuple(int(number) for number in json.loads(plain))
    except (InvalidTag, ValueError):
        raise tampered() from None


def tampered() -> Refusal:
    """What is said of a request that is not as it was sealed."""
    return Refusal(
        "request-tampered",
        "The request is not as it was sealed, so it cannot be opened.",
        "Tell the auditor (sde audit verify), and ask anew.",
    )


def _public(key: str) -> X25519PublicKey:
    return X25519PublicKey.from_public_bytes(bytes.fromhex(key))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
