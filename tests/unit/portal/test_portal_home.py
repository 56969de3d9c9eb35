"""Home: each project's standing in the register's own words, and the workspace's state with the buttons that fit it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from fastapi.testclient import TestClient

from governance import registry
from governance.clock import today
from governance.store import Store
from hub.portal.portal import PREFIX

ACTOR = "service:test"
Visit = Callable[[str], TestClient]


def read_card(visit: Visit, subject: str, slug: str) -> Tag:
    page = BeautifulSoup(visit(subject).get(f"{PREFIX}/").text, "html.parser")
    return next(card for card in page.select(".card") if card.select_one(".slug").string == slug)


def read_badges(card: Tag) -> list[str]:
    return [badge.get_text(" ", strip=True)[2:] for badge in card.select(".badge")]


def read_buttons(card: Tag) -> list[str]:
    for hidden in card.select(".sr"):
        hidden.extract()
    return [button.get_text(strip=True) for button in card.select(".button")]


def test_each_project_once_and_only_ones_own(visit: Visit) -> None:
    pages = {who: visit(who).get(f"{PREFIX}/").text for who in ("researcher-a", "researcher-b")}
    assert pages["researcher-a"].count('class="card"') == 1
    assert pages["researcher-b"].count('class="card"') == 2
    assert "respiratory" not in pages["researcher-a"]


@pytest.mark.parametrize(
    ("days", "words"), [(31, "Active"), (30, "Ends in 30 days"), (1, "Ends tomorrow"), (0, "Ends today")]
)
def test_the_end_date_is_called_out(days: int, words: str, visit: Visit, demo_register: Store) -> None:
    registry.change_project(demo_register, actor=ACTOR, slug="gi-bleed", ends=today() + timedelta(days=days))
    assert read_badges(read_card(visit, "researcher-a", "gi-bleed"))[0] == words


def test_a_project_without_an_extract_says_so_and_can_be_started(visit: Visit, demo_register: Store) -> None:
    card = read_card(visit, "researcher-c", "dementia-nation")
    assert "has no data yet" in card.get_text()
    assert read_buttons(card) == ["Start workspace"]
    registry.record_extract(
        demo_register,
        actor=ACTOR,
        slug="dementia-nation",
        folder="dementia-nation/1",
        sha256="0" * 64,
        people=1,
        rows=1,
    )
    assert "has no data yet" not in read_card(visit, "researcher-c", "dementia-nation").get_text()


def end_project(store: Store) -> None:
    yesterday = today() - timedelta(days=1)
    registry.change_project(store, actor=ACTOR, slug="gi-bleed", starts=yesterday, ends=yesterday)


def expire_training(store: Store) -> None:
    registry.record_training(
        store,
        actor=ACTOR,
        subject="researcher-a",
        course="Safe researcher training",
        expires=today() - timedelta(days=1),
    )


def suspend_project(store: Store) -> None:
    registry.change_project(store, actor=ACTOR, slug="gi-bleed", status="suspended")


def suspend_person(store: Store) -> None:
    registry.suspend_person(store, actor=ACTOR, subject="researcher-a")


def end_agreement(store: Store) -> None:
    registry.renew_agreement(store, actor=ACTOR, name="Northbridge University", until=today() - timedelta(days=1))


@pytest.mark.parametrize(
    ("change", "badge", "reason"),
    [
        (end_project, "Project ended", "The project ended on"),
        (expire_training, "Training expired", "Your training has expired: Safe researcher training."),
        (suspend_project, "Project not active", "The project is suspended."),
        (suspend_person, "Access suspended", "Your access is suspended."),
        (end_agreement, "Agreement ended", "Your organisation's agreement has ended."),
    ],
)
def test_what_is_not_in_force_says_why_and_cannot_be_started(
    change: Callable[[Store], None],
    badge: str,
    reason: str,
    visit: Visit,
    demo_register: Store,
    form_token: str,
    hub: Any,
) -> None:
    change(demo_register)
    card = read_card(visit, "researcher-a", "gi-bleed")
    assert read_badges(card)[0] == badge
    assert reason in card.get_text()
    assert read_buttons(card) == []
    refused = visit("researcher-a").post(f"{PREFIX}/workspaces/gi-bleed/start", data={"xsrf": form_token})
    assert refused.status_code == 403
    assert reason in BeautifulSoup(refused.text, "html.parser").get_text()
    assert not [call for call in hub.calls if call[0] == "POST"]


@pytest.mark.parametrize(
    ("ready", "pending", "state", "buttons"),
    [
        (True, None, "Running", ["Stop", "Open workspace"]),
        (False, "spawn", "Starting", ["Stop", "Watch it start"]),
        (False, "stop", "Stopping", []),
    ],
)
def test_workspace_state_and_its_buttons(
    ready: bool, pending: str | None, state: str, buttons: list[str], visit: Visit, hub: Any
) -> None:
    hub.run("researcher-a", "gi-bleed", ready=ready, pending=pending)
    card = read_card(visit, "researcher-a", "gi-bleed")
    assert read_badges(card)[1] == state
    assert read_buttons(card) == buttons


def test_a_stopped_workspace_can_be_started_and_opens_at_the_hubs_address(visit: Visit, hub: Any) -> None:
    assert read_buttons(read_card(visit, "researcher-a", "gi-bleed")) == ["Start workspace"]
    hub.run("researcher-a", "gi-bleed")
    opens = read_card(visit, "researcher-a", "gi-bleed").find("a", class_="primary")
    assert opens["href"] == "/user/researcher-a/gi-bleed/lab"


def test_without_the_hub_the_page_still_shows_what_the_register_knows(visit: Visit, hub: Any) -> None:
    hub.down = True
    card = read_card(visit, "researcher-a", "gi-bleed")
    assert read_badges(card) == ["Active", "Not known"]
    assert read_buttons(card) == []
    assert "The workspace service does not answer" in visit("researcher-a").get(f"{PREFIX}/").text


def test_a_removed_membership_is_gone_from_home(visit: Visit, demo_register: Store) -> None:
    registry.remove_member(demo_register, actor=ACTOR, slug="gi-bleed", subject="researcher-a")
    page = BeautifulSoup(visit("researcher-a").get(f"{PREFIX}/").text, "html.parser")
    assert not page.select(".card")
    assert "You are not a member of a project" in page.get_text()
