"""The ID token: only one that the provider itself made for us, now, about this very person, is believed; and the second
factor it must tell of."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from governance.refusal import Refusal
from hub.id_token import SignInClaims, Trusted, check_second_factor, read_id_token

ISSUER, CLIENT, SUBJECT = "https://sign-in.example.org/realm", "sde-gateway", "a1b2c3d4"
TRUSTED = Trusted(ISSUER, CLIENT)


@dataclass(frozen=True)
class Signer:
    """A key pair of a provider."""

    private: Any
    public: dict[str, Any]


@cache
def signer(name: str) -> Signer:
    if name.startswith("ec"):
        curve = ec.generate_private_key(ec.SECP256R1())
        return Signer(curve, ECAlgorithm.to_jwk(curve.public_key(), as_dict=True) | {"kid": name})
    key = rsa.generate_private_key(65537, 2048)
    return Signer(key, RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name, "use": "sig"})


KEYS = {"keys": [signer("one").public, signer("ec").public]}


def claims(**changes: Any) -> dict[str, Any]:
    moment = int(time.time())
    whole = {"iss": ISSUER, "aud": CLIENT, "sub": SUBJECT, "iat": moment, "exp": moment + 300} | changes
    return {name: value for name, value in whole.items() if value is not None}


def token(by: str = "one", algorithm: str = "RS256", kid: str | None = "one", **changes: Any) -> str:
    return jwt.encode(claims(**changes), signer(by).private, algorithm, headers={"kid": kid} if kid else {})


def read(text: object, keys: dict[str, Any] = KEYS, subject: object = SUBJECT) -> SignInClaims:
    return read_id_token(text, keys, TRUSTED, userinfo_subject=subject)


@pytest.mark.parametrize(
    ("text", "methods"),
    [
        (token, set()),
        (lambda: token(amr=["pwd", "mfa"], acr="urn:strong"), {"pwd", "mfa", "urn:strong"}),
        (lambda: token(amr="mfa", acr=["x"]), set()),
        (lambda: token(amr=[1, None, "otp"]), {"otp"}),
        (lambda: token(algorithm="PS256"), set()),
        (lambda: token("ec", "ES256", "ec"), set()),
        (lambda: token(aud=[CLIENT]), set()),
        (lambda: token(aud=[CLIENT, "other"], azp=CLIENT), set()),
        (lambda: token(exp=int(time.time()) - 30), set()),
    ],
)
def test_a_token_of_the_provider_is_believed(text: Callable[[], str], methods: set[str]) -> None:
    assert read(text()) == SignInClaims(SUBJECT, frozenset(methods))


def test_a_single_key_need_not_be_named() -> None:
    assert read(token(kid=None), {"keys": [signer("one").public]}).subject == SUBJECT


def unsigned() -> str:
    return jwt.encode(claims(), None, "none")


def signed_with_what_everybody_knows() -> str:
    """The public key, taken as the secret of a symmetric signature."""
    return jwt.encode(claims(), str(signer("one").public["n"]).encode() * 2, "HS256", headers={"kid": "one"})


@pytest.mark.parametrize(
    "text",
    [
        *(lambda odd=odd: odd for odd in (None, 7, "", "a.b.c", b"x", {"sub": SUBJECT})),
        unsigned,
        signed_with_what_everybody_knows,
        lambda: token("two"),  # another's signature under the name of a known key
        lambda: token("two", kid="two"),
        lambda: token(kid=None),  # two keys, none named
        lambda: token()[:-4] + "AAAA",
        lambda: token(iss="https://sign-in.example.org/other"),
        lambda: token(iss=None),
        lambda: token(aud="another-client"),
        lambda: token(aud=None),
        lambda: token(aud=[CLIENT, "other"]),
        lambda: token(aud=[CLIENT, "other"], azp="other"),
        lambda: token(azp="other"),
        lambda: token(exp=int(time.time()) - 120),
        lambda: token(exp=None),
        lambda: token(iat=None),
        lambda: token(iat=int(time.time()) + 3600),
        lambda: token(nbf=int(time.time()) + 3600),
        lambda: token(sub=None),
        lambda: token(sub="somebody-else"),
    ],
)
def test_anything_else_is_refused_in_the_same_words(text: Callable[[], object]) -> None:
    with pytest.raises(Refusal, match="identity-not-proven"):
        read(text())


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": 7}, {"keys": [{"kty": "oct", "k": "YQ"}]}, {"keys": [7]}])
def test_without_a_usable_key_nothing_is_believed(keys: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="identity-not-proven"):
        read(token(), keys)


def test_a_key_for_encryption_proves_nothing() -> None:
    with pytest.raises(Refusal, match="identity-not-proven"):
        read(token(), {"keys": [signer("one").public | {"use": "enc"}]})


@pytest.mark.parametrize("subject", [None, 7, "", SUBJECT.upper(), f"{SUBJECT} "])
def test_both_answers_must_be_about_the_same_person(subject: object) -> None:
    with pytest.raises(Refusal, match="identity-not-proven"):
        read(token(), subject=subject)


@pytest.mark.parametrize("accepted", [(), ("mfa",), ("hwk", "mfa")])
def test_a_second_factor_of_those_accepted_passes(accepted: tuple[str, ...]) -> None:
    check_second_factor(read(token(amr=["pwd", "mfa"])), frozenset(accepted))


@pytest.mark.parametrize("accepted", [("hwk", "otp"), ("MFA",), ("mf",), ("pwd mfa",)])
def test_without_one_of_those_accepted_nobody_comes_in(accepted: tuple[str, ...]) -> None:
    with pytest.raises(Refusal, match="second-factor-missing"):
        check_second_factor(read(token(amr=["pwd", "mfa"])), frozenset(accepted))
