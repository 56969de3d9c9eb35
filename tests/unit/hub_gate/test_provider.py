"""The demo provider: the gateway only, the listed accounts only, and never without the right verifier."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub.oidc import CALLBACK, find_endpoints, read_client_secret
from hub.provider import grants
from hub.provider.accounts import ACCOUNTS
from hub.provider.application import create_provider

VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One state folder for the module: making the provider's signing key takes a while."""
    settings = load_settings(state=tmp_path_factory.mktemp("provider"))
    settings.folder.create()
    return settings


@pytest.fixture(scope="module")
def provider(settings: Settings) -> Iterator[FlaskClient]:
    with pytest.MonkeyPatch.context() as patch, create_provider(settings).test_client() as client:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        yield client


def asked(settings: Settings, **changes: str | None) -> dict[str, str]:
    query = {
        "response_type": "code",
        "client_id": settings.oidc_client_id,
        "redirect_uri": settings.url + CALLBACK,
        "scope": "openid profile",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in query.items() if value is not None}


def choose(provider: FlaskClient, settings: Settings, account: str = "researcher-a") -> str:
    answer = provider.post("/provider/oauth2/authorize", query_string=asked(settings), data={"sub": account})
    assert answer.status_code == 302, answer.text
    assert answer.location.startswith(settings.url + CALLBACK)
    return parse_qs(urlsplit(answer.location).query)["code"][0]


def redeem(provider: FlaskClient, settings: Settings, code: str, **changes: str | None) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": settings.url + CALLBACK,
        "client_id": settings.oidc_client_id,
        "client_secret": read_client_secret(settings),
        "code_verifier": VERIFIER,
        **changes,
    }
    answer = provider.post("/provider/oauth2/token", data={name: value for name, value in form.items() if value})
    found: dict[str, str] = answer.get_json()
    assert ("access_token" in found) == (answer.status_code == 200)
    return found


def test_a_sign_in_tells_who_it_is(provider: FlaskClient, settings: Settings) -> None:
    found = redeem(provider, settings, choose(provider, settings))
    answer = provider.get("/provider/userinfo", headers={"Authorization": f"Bearer {found['access_token']}"})
    assert answer.get_json() == {"sub": "researcher-a", "name": "Amara Osei"}
    keys = jwt.PyJWKSet.from_dict(provider.get("/provider/jwks").get_json())
    claims = jwt.decode(
        found["id_token"],
        keys.keys[0],
        algorithms=["RS256"],
        audience=settings.oidc_client_id,
        issuer=f"{settings.url}/provider",
    )
    assert claims["sub"] == "researcher-a"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"client_id": "somebody-else"},
        {"redirect_uri": "https://elsewhere.example/hub/oauth_callback"},
        {"response_type": "token"},
    ],
)
def test_a_request_that_is_not_the_gateways_own_ends_here(
    provider: FlaskClient, settings: Settings, changes: dict[str, str | None]
) -> None:
    for answer in (
        provider.get("/provider/oauth2/authorize", query_string=asked(settings, **changes)),
        provider.post("/provider/oauth2/authorize", query_string=asked(settings, **changes), data={"sub": "admin"}),
    ):
        assert answer.status_code == 400
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": secrets.token_urlsafe(48)},
        {"code_verifier": None},
        {"code_verifier": CHALLENGE},
        {"client_secret": "guessed"},
        {"client_secret": None},
        {"client_id": "somebody-else"},
        {"redirect_uri": "https://elsewhere.example/"},
    ],
)
def test_a_code_alone_is_worth_nothing(
    provider: FlaskClient, settings: Settings, changes: dict[str, str | None]
) -> None:
    assert "error" in redeem(provider, settings, choose(provider, settings), **changes)


def test_a_wrong_verifier_has_no_second_try(provider: FlaskClient, settings: Settings) -> None:
    code = choose(provider, settings)
    assert redeem(provider, settings, code, code_verifier="x" * 43)["error"] == "invalid_grant"
    assert redeem(provider, settings, code)["error"] == "invalid_grant"


def test_a_code_serves_once(provider: FlaskClient, settings: Settings) -> None:
    code = choose(provider, settings)
    redeem(provider, settings, code)
    assert redeem(provider, settings, code)["error"] == "invalid_grant"


def test_a_code_grows_old(provider: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    code = choose(provider, settings)
    monkeypatch.setattr(grants, "CODE_SECONDS", -1.0)
    assert redeem(provider, settings, code)["error"] == "invalid_grant"


@pytest.mark.parametrize("subject", ["", "root", "Researcher-A", "researcher-a "])
def test_there_are_no_other_accounts(provider: FlaskClient, settings: Settings, subject: str) -> None:
    answer = provider.post("/provider/oauth2/authorize", query_string=asked(settings), data={"sub": subject})
    assert answer.status_code == 200
    assert "no such demo account" in answer.text


def test_the_page_lists_the_accounts_and_needs_no_script(provider: FlaskClient, settings: Settings) -> None:
    text = provider.get("/provider/oauth2/authorize", query_string=asked(settings)).text
    first = ["researcher-a", "researcher-b", "checker-a", "checker-b", "admin", "researcher-c"]
    accounts = [*first, "steward", "keyholder-a", "keyholder-b", "clinician", "checker-c", "outsider"]
    assert re.findall(r'name="sub" value="([^"]+)"', text) == accounts == [account.subject for account in ACCOUNTS]
    assert all(account.about in text for account in ACCOUNTS)
    assert "Researcher in diabetes-care, winter-pressure and dementia-nation" in text
    assert "no passwords" in text
    assert "<script" not in text


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/users/admin"), ("POST", "/users/admin/revoke-tokens"), ("POST", "/oauth2/clients"), ("GET", "/")],
)
def test_the_mocks_other_doors_are_not_there(provider: FlaskClient, method: str, path: str) -> None:
    for prefix in ("", "/provider"):
        assert provider.open(prefix + path, method=method, json={}).status_code == 404


def test_it_describes_itself_where_the_hub_looks(provider: FlaskClient, settings: Settings) -> None:
    found = provider.get("/provider/.well-known/openid-configuration").get_json()
    endpoints = find_endpoints(settings)
    assert found["issuer"] == f"{settings.url}/provider"
    assert found["authorization_endpoint"] == endpoints.authorize
    assert found["token_endpoint"] == endpoints.token
    assert found["code_challenge_methods_supported"] == ["S256"]


def test_it_refuses_to_run_beside_a_real_provider(settings: Settings) -> None:
    with pytest.raises(Refusal, match="demo-only"):
        create_provider(load_settings(state=settings.state, oidc_issuer="https://sign-in.example.org"))
