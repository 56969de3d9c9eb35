"""Start, watch, stop: always one's own workspace, with the hub's reason when it does not start."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from governance import registry
from governance.store import Store
from hub import workspace_image
from hub.portal.portal import PREFIX

HERE = f"{PREFIX}/workspaces/gi-bleed"
Visit = Callable[[str], TestClient]
SPAWN_REFUSED = "Spawn failed: 403 SpawnException(reason=register): Your training has expired."


def test_start_asks_the_hub_for_ones_own_server_and_goes_to_watch(visit: Visit, hub: Any, form_token: str) -> None:
    answer = visit("researcher-a").post(f"{HERE}/start", data={"xsrf": form_token})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/starting")
    assert ("POST", "/users/researcher-a/servers/gi-bleed") in hub.calls


def test_the_chosen_image_goes_to_the_hub(visit: Visit, hub: Any, form_token: str) -> None:
    visit("researcher-a").post(f"{HERE}/start", data={"xsrf": form_token, "image": "python"})
    assert json.loads(hub.bodies[-1]) == {"user_options": {"image": "python"}}


def test_without_a_choice_the_hub_takes_the_last_one(visit: Visit, hub: Any, form_token: str) -> None:
    visit("researcher-a").post(f"{HERE}/start", data={"xsrf": form_token})
    assert hub.bodies[-1] == b""


@pytest.mark.parametrize("image", ["julia", "../r", "python,r"])
def test_an_image_that_is_not_listed_does_not_reach_the_hub(
    visit: Visit, hub: Any, form_token: str, image: str
) -> None:
    answer = visit("researcher-a").post(f"{HERE}/start", data={"xsrf": form_token, "image": image})
    assert answer.status_code == 409
    assert "no such workspace image" in answer.text
    assert image not in answer.text
    assert not [call for call in hub.calls if call[0] == "POST"]


def test_an_image_that_is_not_installed_is_shown_and_refused(
    visit: Visit, hub: Any, form_token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(workspace_image, "REPOSITORY", tmp_path)
    page = visit("researcher-a").get(f"{PREFIX}/").text
    assert re.search(r'<option value="r" disabled>R \(not installed\)', page)
    assert re.search(r'<option value="python" selected>', page)
    answer = visit("researcher-a").post(f"{HERE}/start", data={"xsrf": form_token, "image": "r"})
    assert "not installed here" in answer.text
    assert not [call for call in hub.calls if call[0] == "POST"]


@pytest.mark.parametrize(("last", "chosen"), [("", "python"), ("python", "python"), ("r", "r"), ("gone", "python")])
def test_the_last_choice_is_offered_again(
    visit: Visit, hub: Any, monkeypatch: pytest.MonkeyPatch, last: str, chosen: str
) -> None:
    monkeypatch.setattr(workspace_image.ImageProfile, "is_installed", True)
    if last:
        hub.run("researcher-a", "gi-bleed", ready=False, image=last)  # stopped, but known
    page = visit("researcher-a").get(f"{PREFIX}/").text
    form = page[page.index("/workspaces/gi-bleed/start") :].partition("</form>")[0]
    assert re.findall(r'<option value="(\w+)" selected>', form) == [chosen]


def test_a_running_workspace_shows_its_image(visit: Visit, hub: Any) -> None:
    hub.run("researcher-a", "gi-bleed", image="r")
    page = visit("researcher-a").get(f"{PREFIX}/").text
    assert '<span class="sr">with the image </span>R</span>' in page


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
