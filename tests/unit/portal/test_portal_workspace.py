"""Start, watch, stop: always one's own workspace, with the hub's reason when it does not start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from governance import registry
from governance.store import Store
from hub.portal.portal import PREFIX

HERE = f"{PREFIX}/workspaces/gi-bleed"
Visit = Callable[[str], TestClient]
SPAWN_REFUSED = "Spawn failed: 403 SpawnException(reason=register): Your training has expired."


def test_start_asks_the_hub_for_ones_own_server_and_goes_to_watch(visit: Visit, hub: Any, form_token: str) -> None:
    answer = visit("researcher-a").post(f"{HERE}/start", data={"xsrf": form_token})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/starting")
    assert ("POST", "/users/researcher-a/servers/gi-bleed") in hub.calls


def test_starting_twice_is_harmless(visit: Visit, hub: Any, form_token: str) -> None:
    hub.run("researcher-a", "gi-bleed")
    answer = visit("researcher-a").post(f"{HERE}/start", data={"xsrf": form_token})
    assert answer.status_code == 303
    assert not [call for call in hub.calls if call[0] == "POST"]


def test_the_watching_page_reloads_itself_and_tells_how_far_it_is(visit: Visit, hub: Any) -> None:
    hub.run("researcher-a", "gi-bleed", ready=False, pending="spawn")
    hub.events = [
        {"progress": 0, "message": "Server requested"},
        {"progress": 60, "message": "Opening the sandbox"},
    ]
    page = visit("researcher-a").get(f"{HERE}/starting").text
    assert '<meta http-equiv="refresh" content="1">' in page
    assert "Opening the sandbox" in page
    assert 'value="60"' in page


def test_the_watching_page_goes_to_the_workspace_once_it_runs(visit: Visit, hub: Any) -> None:
    hub.run("researcher-a", "gi-bleed")
    answer = visit("researcher-a").get(f"{HERE}/starting")
    assert (answer.status_code, answer.headers["location"]) == (303, "/user/researcher-a/gi-bleed/lab")


def test_the_watching_page_goes_home_when_nothing_starts(visit: Visit) -> None:
    answer = visit("researcher-a").get(f"{HERE}/starting")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PREFIX}/")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (SPAWN_REFUSED, "Your training has expired."),
        ("Spawn failed: [Errno 2] No such file: '/somewhere/private'", "The workspace did not start."),
    ],
)
def test_a_failed_start_shows_the_spawners_own_words_only(message: str, shown: str, visit: Visit, hub: Any) -> None:
    hub.events = [{"progress": 100, "failed": True, "message": message}]
    answer = visit("researcher-a").get(f"{HERE}/starting")
    assert answer.status_code == 409
    assert shown in answer.text
    assert "private" not in answer.text
    assert "SpawnException" not in answer.text
    assert 'http-equiv="refresh"' not in answer.text
    assert "Try again" in answer.text


@pytest.mark.parametrize(
    ("refusal", "shown"),
    [
        (
            httpx.Response(403, json={"status": 403, "message": "Your access is suspended."}),
            "Your access is suspended.",
        ),
        (httpx.Response(500, json={"status": 500, "message": "KeyError: 'x'"}), "The workspace did not start."),
        (httpx.Response(400, text="not json"), "The workspace did not start."),
    ],
)
def test_a_start_refused_at_once_shows_why(
    refusal: httpx.Response, shown: str, visit: Visit, hub: Any, form_token: str
) -> None:
    hub.refuses_start = refusal
    answer = visit("researcher-a").post(f"{HERE}/start", data={"xsrf": form_token})
    assert answer.status_code == 409
    assert shown in answer.text
    assert "KeyError" not in answer.text


def test_the_hub_being_away_is_said(visit: Visit, hub: Any, form_token: str) -> None:
    hub.down = True
    assert visit("researcher-a").get(f"{HERE}/starting").status_code == 503
    stopped = visit("researcher-a").post(f"{HERE}/stop", data={"xsrf": form_token})
    assert stopped.status_code == 503
    assert "does not answer" in stopped.text


def test_ones_own_workspace_can_be_stopped_also_after_access_ended(
    visit: Visit, hub: Any, form_token: str, demo_register: Store
) -> None:
    hub.run("researcher-a", "gi-bleed")
    hub.run("researcher-b", "gi-bleed")
    registry.suspend_person(demo_register, actor="service:test", subject="researcher-a")
    answer = visit("researcher-a").post(f"{HERE}/stop", data={"xsrf": form_token})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PREFIX}/?done=workspace-stopped")
    assert set(hub.servers) == {("researcher-b", "gi-bleed")}
