"""The authorization code grant of the demo provider. Promise: a code is worth nothing without the verifier of its own
S256 challenge (RFC 7636), within a minute, once, to our one client."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import oidc_provider_mock._app as mock
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from oidc_provider_mock._storage import AuthorizationCode, Client

CODE_SECONDS = 60.0
ALGORITHM = "RS256"
TOKEN_AGE = timedelta(minutes=5)  # the hub reads the claims once and keeps no token


@dataclass(kw_only=True, frozen=True)
class ChallengedCode(AuthorizationCode):  # type: ignore[misc]  # the mock ships no types
    """A code that remembers its challenge and its birth."""

    code_challenge: str
    code_challenge_method: str
    issued: float = field(default_factory=time.monotonic)


@dataclass(kw_only=True, frozen=True)
class OnlyClient(Client):  # type: ignore[misc]  # the mock ships no types
    """The gateway itself; nobody else may use the provider."""

    def check_client_secret(self, client_secret: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(client_secret.encode(), str(self.secret).encode())


class RequiredChallenge(CodeChallenge):  # type: ignore[misc]  # authlib ships no types
    """PKCE with S256 or nothing; Authlib alone would let a request without a challenge pass."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse an authorization request without an S256 challenge."""
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("A 'code_challenge' with the method S256 is needed.")
        super().validate_code_challenge(grant, redirect_uri)


class ChallengedGrant(mock.AuthorizationCodeGrant):  # type: ignore[misc]  # the mock ships no types
    """The mock's grant with the challenge kept beside the code."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Keep the code with its challenge."""
        asked = request.payload
        mock.storage.store_authorization_code(
            ChallengedCode(
                code=code,
                user_id=request.user.sub,
                client_id=request.client.get_client_id(),
                redirect_uri=asked.redirect_uri,
                scope=asked.scope,
                nonce=asked.data.get("nonce"),
                code_challenge=asked.data["code_challenge"],
                code_challenge_method=asked.data["code_challenge_method"],
            )
        )

    def query_authorization_code(self, code: str, client: Any) -> ChallengedCode | None:
        """The code, if it is this client's and fresh. It is taken out at once: a wrong verifier has no second try."""
        found = mock.storage.remove_authorization_code(code)
        fresh = isinstance(found, ChallengedCode) and time.monotonic() - found.issued <= CODE_SECONDS
        return found if fresh and found.client_id == client.get_client_id() else None


class NamedIssuer(mock.OpenIDCode):  # type: ignore[misc]  # the mock ships no types
    """Id tokens that name the provider as the discovery document does."""

    def __init__(self, issuer: str) -> None:
        super().__init__(require_nonce=False, token_max_age=TOKEN_AGE)
        self._issuer = issuer

    def resolve_client_private_key(self, client: Any) -> dict[str, Any]:
        """The provider's own key, made anew at each start."""
        del client
        key: dict[str, Any] = mock.storage.jwk.as_dict(is_private=True)
        return key

    def get_client_algorithm(self, client: Any) -> str:
        """RS256 for everybody."""
        del client
        return ALGORITHM

    def get_encode_header(self, client: Any) -> dict[str, str]:
        """The algorithm alone: there is one key."""
        return {"alg": self.get_client_algorithm(client)}

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        """Who says so, to whom, until when, and how it was proven: not at all, it is a demonstration."""
        ends = int(time.time() + TOKEN_AGE.total_seconds())
        return {"iss": self._issuer, "aud": [client.get_client_id()], "exp": ends, "amr": ["demo"]}
