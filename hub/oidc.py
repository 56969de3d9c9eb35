"""Where people sign in: the identity provider's endpoints. Promise: they come from the issuer itself, over TLS, and
from a document that names that very issuer (OpenID Connect Discovery 1.0, section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from governance.refusal import Refusal
from governance.settings import Settings
from hub.addresses import is_loopback, listener_url
from hub.services import PROVIDER, read_or_make_secret

DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT_SECONDS = 10.0
CALLBACK = "/hub/oauth_callback"
DEMO_SECRET = "oidc-demo-client-secret"  # noqa: S105  (the name of a file)
NEEDED = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
CHECK = "Check SDE_OIDC_ISSUER, and that the gateway can reach it."


@dataclass(frozen=True)
class Endpoints:
    """The provider's addresses. `keys`: where its signing keys are. `secret_in_header`: the token endpoint wants HTTP
    Basic, not form fields. `end_session`: where it signs a browser out (RP-Initiated Logout 1.0), or empty."""

    issuer: str
    authorize: str
    token: str
    userinfo: str
    keys: str
    secret_in_header: bool
    end_session: str = ""


def find_endpoints(settings: Settings) -> Endpoints:
    """The endpoints of the settings' issuer, or of the demo provider behind the same edge.

    Raises Refusal `issuer-not-usable`.
    """
    if settings.is_demo:
        browser, here = (
            f"{settings.url}{PROVIDER.prefix}",
            f"{listener_url(settings)}{PROVIDER.prefix}",
        )
        return Endpoints(
            issuer=browser.rstrip("/"),
            authorize=f"{browser}oauth2/authorize",
            token=f"{here}oauth2/token",
            userinfo=f"{here}userinfo",
            keys=f"{here}jwks",
            secret_in_header=False,
        )
    try:
        answer = httpx.get(settings.oidc_issuer.rstrip("/") + DISCOVERY, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        document = answer.json()
    except (httpx.HTTPError, ValueError):
        raise Refusal("issuer-not-usable", "The identity provider's description cannot be read.", CHECK) from None
    return read_document(document, settings.oidc_issuer)


def read_document(document: Any, issuer: str) -> Endpoints:
    """The endpoints of a discovery document. Raises Refusal `issuer-not-usable` if it is another issuer's, lacks an
    endpoint, offers one without TLS, or says that it cannot do PKCE with S256."""
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise Refusal("issuer-not-usable", "The identity provider describes itself under another name.", CHECK)
    found = {}
    for name in NEEDED:
        url = document.get(name)
        if not isinstance(url, str) or not _is_safe(url):
            raise Refusal("issuer-not-usable", f"The identity provider offers no {name} over TLS.", CHECK)
        found[name] = url
    if "S256" not in document.get("code_challenge_methods_supported", ["S256"]):
        raise Refusal("issuer-not-usable", "The identity provider cannot do PKCE with S256.", CHECK)
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    end_session = document.get("end_session_endpoint")
    return Endpoints(
        issuer,
        found["authorization_endpoint"],
        found["token_endpoint"],
        found["userinfo_endpoint"],
        found["jwks_uri"],
        secret_in_header="client_secret_post" not in methods,
        end_session=end_session if isinstance(end_session, str) and _is_safe(end_session) else "",
    )


def read_client_secret(settings: Settings) -> str:
    """The client secret: the operator's file, or the demo's own. Raises Refusal `client-secret-missing`."""
    if settings.is_demo:
        return read_or_make_secret(settings.folder.keys / DEMO_SECRET)
    named = settings.oidc_client_secret_file
    file = settings.folder.root / named if named is not None else None
    if file is None or not file.is_file():
        raise Refusal(
            "client-secret-missing", "There is no client secret for the identity provider.",
            "Put it in a file, mode 0600, and name the file in SDE_OIDC_CLIENT_SECRET_FILE.",
        )  # fmt: skip
    return read_or_make_secret(file)


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
