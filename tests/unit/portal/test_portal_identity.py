"""The OAuth road through a hub on a real unix socket: JupyterHub's own client code over http+unix, PKCE, sessions."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import uvicorn
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from governance.settings import Settings
from governance.store import Store
from hub.portal.app import create_app
from hub.portal.hub_service import HubService
from hub.portal.portal import PREFIX

pytestmark = pytest.mark.slow  # every combination: several seconds together

SCOPE = "access:services!service=portal"
GATEWAY = "http://gateway.test"
SESSION = "service-portal-session"


@dataclass
class SignInHub:
    """The hub's two endpoints of sign-in: code to token, token to person."""

    challenges: dict[str, str] = field(default_factory=dict)
    people: dict[str, dict[str, object]] = field(default_factory=dict)
    asked: int = 0

    def allow(self, code: str, challenge: str, **person: object) -> None:
        self.challenges[code] = challenge
        self.people[f"token-{code}"] = {"kind": "user", "name": "researcher-a", "scopes": [SCOPE], **person}

    async def token(self, request: Request) -> Response:
        form = await request.form()
        code, verifier = str(form["code"]), str(form["code_verifier"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if form["client_secret"] != "token-of-the-test" or self.challenges.pop(code, None) != challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": f"token-{code}"})

    async def user(self, request: Request) -> Response:
        self.asked += 1
        person = self.people.get(request.headers["authorization"].removeprefix("token "))
        return JSONResponse(person) if person else JSONResponse({"message": "Forbidden"}, 403)

    async def servers(self, request: Request) -> Response:
        return JSONResponse({"name": request.path_params["name"], "servers": {}})


@pytest.fixture(scope="module")
def hub_on_socket() -> Iterator[tuple[SignInHub, Path]]:
    hub = SignInHub()
    routes = [
        Route("/hub/api/oauth2/token", hub.token, methods=["POST"]),
        Route("/hub/api/user", hub.user),
        Route("/hub/api/users/{name}", hub.servers),
    ]
    with tempfile.TemporaryDirectory(prefix="sde-test-") as folder:
        socket = Path(folder) / "hub.sock"
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), uds=str(socket), log_level="warning"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        yield hub, socket
        server.should_exit = True
        thread.join()


@pytest.fixture
def browser(settings: Settings, demo_register: Store, hub_on_socket: tuple[SignInHub, Path]) -> Iterator[TestClient]:
    service = HubService(
        api_url=f"http+unix://{quote(str(hub_on_socket[1]), safe='')}/hub/api",
        api_token="token-of-the-test",
        client_id="service-portal",
        service_prefix="/services/portal/",
        oauth_access_scopes='["access:services!service=portal"]',
    )
    with TestClient(create_app(settings, service), base_url=GATEWAY, follow_redirects=False) as client:
        yield client


def go_to_sign_in(browser: TestClient, path: str = "/") -> dict[str, str]:
    answer = browser.get(PREFIX + path)
    assert answer.status_code == 302
    where = urlsplit(answer.headers["location"])
    assert where.path == "/hub/api/oauth2/authorize"
    return {name: values[0] for name, values in parse_qs(where.query).items()}


def sign_in(browser: TestClient, hub: SignInHub, code: str, path: str = "/", **person: object) -> str:
    asked = go_to_sign_in(browser, path)
    hub.allow(code, asked["code_challenge"], **person)
    answer = browser.get(f"{PREFIX}/oauth_callback", params={"code": code, "state": asked["state"]})
    assert answer.status_code == 303
    return answer.headers["location"]


@pytest.fixture
def hub(hub_on_socket: tuple[SignInHub, Path]) -> SignInHub:
    return hub_on_socket[0]


def test_sign_in_asks_with_pkce_for_this_service(browser: TestClient) -> None:
    asked = go_to_sign_in(browser)
    assert asked["client_id"] == "service-portal"
    assert asked["redirect_uri"] == "/services/portal/oauth_callback"
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"


def test_a_signed_in_browser_returns_to_the_page_it_asked_for(browser: TestClient, hub: SignInHub) -> None:
    assert sign_in(browser, hub, "one", "/egress?done=x") == f"{PREFIX}/egress?done=x"
    page = browser.get(f"{PREFIX}/")
    assert page.status_code == 200
    assert "Amara Osei" in page.text


def test_the_cookie_is_the_services_own_and_holds_no_token(browser: TestClient, hub: SignInHub) -> None:
    asked = go_to_sign_in(browser)
    hub.allow("two", asked["code_challenge"])
    answer = browser.get(f"{PREFIX}/oauth_callback", params={"code": "two", "state": asked["state"]})
    (cookie,) = [held for held in answer.headers.get_list("set-cookie") if held.startswith(SESSION + "=")]
    assert "token-two" not in cookie
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/services/portal/"} <= flags


def test_over_https_the_cookie_is_secure(
    demo_register: Store, settings: Settings, hub_on_socket: tuple[SignInHub, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = HubService(
        api_url="http://hub/hub/api", api_token="t", client_id="c", service_prefix="/services/portal/",
        oauth_access_scopes=[SCOPE],
    )  # fmt: skip
    app = create_app(settings.model_copy(update={"public_url": "https://gateway.test"}), service)
    answer = TestClient(app, base_url="https://gateway.test", follow_redirects=False).get(f"{PREFIX}/")
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("broken", ["state", "code", "cookie", "verifier", "again"])
def test_a_return_that_does_not_fit_is_refused(broken: str, browser: TestClient, hub: SignInHub) -> None:
    asked = go_to_sign_in(browser)
    code = f"broken-{broken}"
    hub.allow(code, "another challenge" if broken == "verifier" else asked["code_challenge"])
    query = {"code": code, "state": asked["state"]}
    if broken == "state":
        query["state"] = "made-up"
    elif broken == "code":
        query["code"] = "made-up"
    elif broken == "cookie":
        browser.cookies.clear()
    elif broken == "again":
        assert browser.get(f"{PREFIX}/oauth_callback", params=query).status_code == 303
        browser.cookies.clear()
    answer = browser.get(f"{PREFIX}/oauth_callback", params=query)
    assert answer.status_code == 400
    assert "sign-in-failed" in answer.text
    assert SESSION not in answer.headers.get("set-cookie", "").split("=")


def test_two_tabs_may_sign_in_at_once(browser: TestClient, hub: SignInHub) -> None:
    first, second = go_to_sign_in(browser), go_to_sign_in(browser, "/egress")
    for code, asked, onward in (("tab-1", first, "/"), ("tab-2", second, "/egress")):
        hub.allow(code, asked["code_challenge"])
        answer = browser.get(f"{PREFIX}/oauth_callback", params={"code": code, "state": asked["state"]})
        assert answer.headers["location"] == PREFIX + onward


def test_a_made_up_session_leads_to_sign_in(browser: TestClient) -> None:
    browser.cookies.set(SESSION, "made-up", path="/services/portal/")
    assert browser.get(f"{PREFIX}/").status_code == 302


def test_signing_out_at_the_hub_ends_the_session_at_once(browser: TestClient, hub: SignInHub) -> None:
    browser.cookies.set("jupyterhub-session-id", "session-of-the-hub")
    sign_in(browser, hub, "out")
    assert browser.get(f"{PREFIX}/").status_code == 200
    del hub.people["token-out"]  # the hub revokes its tokens
    browser.cookies.delete("jupyterhub-session-id")  # and clears its own cookie
    assert browser.get(f"{PREFIX}/").status_code == 302


def test_the_hub_is_not_asked_for_every_page(browser: TestClient, hub: SignInHub) -> None:
    sign_in(browser, hub, "few")
    before = hub.asked
    for _ in range(5):
        browser.get(f"{PREFIX}/egress")
    assert hub.asked == before + 1


@pytest.mark.parametrize("person", [{"scopes": ["access:services!service=airlock"]}, {"kind": "service"}])
def test_a_token_that_was_not_given_for_this_service_is_refused(
    person: dict[str, object], browser: TestClient, hub: SignInHub
) -> None:
    sign_in(browser, hub, f"scope-{len(hub.people)}", **person)
    answer = browser.get(f"{PREFIX}/")
    assert answer.status_code == 403
    assert "service-not-allowed" in answer.text


def test_a_form_of_an_ended_session_is_told_so(browser: TestClient) -> None:
    answer = browser.post(f"{PREFIX}/workspaces/gi-bleed/stop", data={"xsrf": "x"})
    assert answer.status_code == 403
    assert "session-ended" in answer.text


def test_each_session_has_its_own_form_token(browser: TestClient, hub: SignInHub) -> None:
    found = set()
    for code in ("form-1", "form-2"):
        with contextlib.suppress(KeyError):
            browser.cookies.clear()
        sign_in(browser, hub, code)
        found.add(browser.get(f"{PREFIX}/").text.split('name="xsrf" value="')[1].split('"')[0])
    assert len(found) == 2
