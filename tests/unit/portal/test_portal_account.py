"""One's own account: since when one is signed in, and the way out of every browser."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.testclient import TestClient

from governance import registry
from governance.clock import now
from governance.sign_ins import find_unforgotten, note_sign_in
from governance.store import Store
from hub.portal.identity import SignedIn, identify
from hub.portal.portal import PREFIX


def test_a_session_from_before_a_sign_out_everywhere_leads_to_the_sign_in(
    app: FastAPI, visit: Callable[[str], TestClient], demo_register: Store
) -> None:
    client = visit("researcher-a")
    assert client.get(f"{PREFIX}/account").status_code == 200
    began = now()
    registry.end_sessions(demo_register, actor="researcher-a", subject="researcher-a")
    app.dependency_overrides[identify] = lambda: SignedIn("researcher-a", b"secret", began)
    for path in ("/", "/account", "/egress"):
        answer = client.get(f"{PREFIX}{path}")
        assert (answer.status_code, "/hub/api/oauth2/authorize" in answer.headers["location"]) == (302, True)
    assert visit("researcher-a").get(f"{PREFIX}/").status_code == 200  # one that began later


def test_the_account_page_tells_when_and_signs_out(
    visit: Callable[[str], TestClient], demo_register: Store, form_token: str
) -> None:
    client = visit("researcher-a")
    assert "before this page was there" in client.get(f"{PREFIX}/account").text
    with demo_register.transaction() as session:
        note_sign_in(session, "researcher-a")
    assert "Counts until" in client.get(f"{PREFIX}/account").text
    answer = client.post(f"{PREFIX}/account/sign-out", data={"xsrf": form_token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/hub/logout")
    with demo_register.reading() as session:
        assert find_unforgotten(session) == ["researcher-a"]


def test_an_administrator_signs_somebody_out(
    visit: Callable[[str], TestClient], demo_register: Store, form_token: str
) -> None:
    path = f"{PREFIX}/administration/people/researcher-a/sign-out"
    assert visit("researcher-b").post(path, data={"xsrf": form_token}).status_code == 403
    assert visit("admin").post(path, data={"xsrf": form_token}).headers["location"].endswith("done=person-signed-out")
    with demo_register.reading() as session:
        assert find_unforgotten(session) == ["researcher-a"]
