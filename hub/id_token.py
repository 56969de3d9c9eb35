"""Reads the identity provider's ID token. Promise: what it says of a person, and of how they signed in, is believed
only after its signature, issuer, audience, times and subject were checked (OpenID Connect Core 1.0, sections 3.1.3.7
and 5.3.2), with a signature that only the provider can have made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from governance.refusal import Refusal

#: Signatures by a private key. With HS256 our own client secret would be the key, and `none` is no signature.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
CLOCKS_APART_SECONDS = 60
NEEDED = ("iss", "sub", "aud", "exp", "iat")

NOT_BELIEVED = Refusal(
    "identity-not-proven", "The identity provider's answer could not be verified.",
    "Sign in again; if it goes on, tell the service desk.",
)  # fmt: skip
SECOND_FACTOR = Refusal(
    "second-factor-missing", "You signed in without a second factor, which this service asks for.",
    "Sign out at your identity provider, set up a second factor there, and sign in again.",
)  # fmt: skip


@dataclass(frozen=True)
class Trusted:
    """Whose tokens are believed, and for whom they must have been made."""

    issuer: str
    client_id: str


@dataclass(frozen=True)
class SignInClaims:
    """What a verified token says. `methods`: each value of `amr` (RFC 8176) and the one of `acr`."""

    subject: str
    methods: frozenset[str]


def read_id_token(
    token: object, keys: Mapping[str, Any], trusted: Trusted, *, userinfo_subject: object
) -> SignInClaims:
    """The claims of a token that holds.

    Args:
        token: as it came with the access token.
        keys: the provider's JSON Web Key Set (RFC 7517).
        trusted: its issuer and our client id.
        userinfo_subject: `sub` of the provider's other answer, which must be about the same person.

    Raises Refusal `identity-not-proven`, whatever is wrong.
    """
    try:
        if not isinstance(token, str):
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            token,
            _find_key(token, keys),
            algorithms=list(ALGORITHMS),
            audience=trusted.client_id,
            issuer=trusted.issuer,
            leeway=CLOCKS_APART_SECONDS,
            options={"require": list(NEEDED)},
        )
        _check_party(claims, trusted.client_id)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        raise NOT_BELIEVED from None
    subject = claims["sub"]
    if not isinstance(subject, str) or subject != userinfo_subject:
        raise NOT_BELIEVED
    return SignInClaims(subject, _methods(claims))


def check_second_factor(claims: SignInClaims, accepted: frozenset[str]) -> None:
    """Raises Refusal `second-factor-missing` unless one of the accepted values is among the methods (SATRE 3.2.04).
    Nothing accepted means that nothing is asked."""
    if accepted and accepted.isdisjoint(claims.methods):
        raise SECOND_FACTOR


def _find_key(token: str, keys: Mapping[str, Any]) -> Any:
    """The key that the token names; a provider with a single key need not name it. The key itself, because the set
    need not say which of the algorithms for its kind is meant."""
    usable = [key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys if key.public_key_use in (None, "sig")]
    name = jwt.get_unverified_header(token).get("kid")
    fitting = usable if name is None else [key for key in usable if key.key_id == name]
    if len(fitting) != 1:
        raise jwt.InvalidKeyError
    return fitting[0].key


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    """A token for several readers must say that it was asked for by us."""
    party = claims.get("azp", client_id if claims["aud"] in (client_id, [client_id]) else None)
    if party != client_id:
        raise jwt.InvalidAudienceError


def _methods(claims: Mapping[str, Any]) -> frozenset[str]:
    amr, acr = claims.get("amr"), claims.get("acr")
    said = [*(amr if isinstance(amr, list) else []), acr]
    return frozenset(value for value in said if isinstance(value, str))
