"""The identity provider's description is believed only as far as it must be."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub.authenticator import SUBJECT
from hub.oidc import find_endpoints, read_client_secret, read_document

ISSUER = "https://sign-in.example.org/realm"


def document(**changes: Any) -> dict[str, Any]:
    return {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "jwks_uri": f"{ISSUER}/keys",
        "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        **changes,
    }


def test_the_endpoints_are_the_issuers() -> None:
    found = read_document(document(), ISSUER)
    assert (found.authorize, found.token, found.userinfo) == tuple(
        f"{ISSUER}/{x}" for x in ("authorize", "token", "userinfo")
    )
    assert not found.secret_in_header


def test_the_description_is_read_from_the_issuer_itself(settings: Settings) -> None:
    described = document()

    class Description(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(described).encode()
            self.send_response(200 if self.path == "/realm/.well-known/openid-configuration" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Description) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        issuer = f"http://127.0.0.1:{server.server_port}/realm"
        described["issuer"] = issuer
        assert find_endpoints(load_settings(oidc_issuer=issuer)).token == f"{ISSUER}/token"
        with pytest.raises(Refusal, match="issuer-not-usable"):
            find_endpoints(load_settings(oidc_issuer=issuer.removesuffix("/realm")))
        server.shutdown()
    with pytest.raises(Refusal, match="issuer-not-usable"):
        find_endpoints(load_settings(oidc_issuer=issuer))


def test_a_provider_that_says_nothing_takes_the_secret_in_the_header() -> None:
    silent = document()
    del silent["token_endpoint_auth_methods_supported"]  # OpenID Connect Discovery 1.0: then it is client_secret_basic
    assert read_document(silent, ISSUER).secret_in_header


@pytest.mark.parametrize(
    "found",
    [
        document(issuer="https://elsewhere.example"),
        document(issuer=ISSUER + "/"),
        document(token_endpoint="http://sign-in.example.org/token"),
        document(authorization_endpoint="javascript:alert(1)"),
        document(userinfo_endpoint=None),
        document(code_challenge_methods_supported=["plain"]),
        [],
        None,
    ],
)
def test_an_unsafe_description_is_refused(found: Any) -> None:
    with pytest.raises(Refusal, match="issuer-not-usable"):
        read_document(found, ISSUER)


def test_production_needs_a_secret_that_only_we_can_read(settings: Settings) -> None:
    settings.folder.create()
    with pytest.raises(Refusal, match="client-secret-missing"):
        read_client_secret(load_settings(oidc_issuer=ISSUER))
    file = settings.folder.root / "secret"
    file.write_text("s3cret\n")
    file.chmod(0o644)
    production = load_settings(oidc_issuer=ISSUER, oidc_client_secret_file="secret")
    with pytest.raises(PermissionError):
        read_client_secret(production)
    file.chmod(0o600)
    assert read_client_secret(production) == "s3cret"


@pytest.mark.parametrize(
    "subject", ["researcher-a", "a1b2c3d4-0000-4000-8000-00805f9b34fb", "auth0|5f7c8ec7", "a@b.org"]
)
def test_usual_subjects_are_usable(subject: str) -> None:
    assert SUBJECT.fullmatch(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "a/b",
        "../x",
        "a!user=b",
        "a b",
        "a\n",
        " a",
        "a?x",
        "a#x",
        "a%2f",
        "caf\u00e9",
        "\u0430dmin",
        "a" * 201,
        "a,b",
        "a*",
    ],
)
def test_subjects_that_could_mean_something_else_are_not(subject: str) -> None:
    assert not SUBJECT.fullmatch(subject)
