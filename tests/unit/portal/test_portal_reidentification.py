"""Requests for re-identification in the portal: each party sees its own, counts and purpose only; ended there, never
approved there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup, Tag
from fastapi.testclient import TestClient

from governance.clock import now
from governance.registry.reidentification_states import State
from governance.store import Store
from governance.store.intake import ReidentificationRequest
from hub.portal.portal import PREFIX
from tests.support.reidentification_rows import SEALED, add_reidentification

PAGE = f"{PREFIX}/reidentification"
Visit = Callable[[str], TestClient]


def cards(visit: Visit, subject: str) -> list[Tag]:
    answer = visit(subject).get(PAGE)
    assert answer.status_code == 200
    assert SEALED.decode() not in answer.text
    return BeautifulSoup(answer.text, "html.parser").select(".card")


def state_of(store: Store, name: str = "r-1") -> str:
    with store.reading() as session:
        return session.get_one(ReidentificationRequest, name).state


@pytest.mark.parametrize(
    ("state", "approved", "who", "waits_for", "command"),
    [
        (State.REQUESTED, (), "keyholder-a", "you", "sde reidentify approve r-1"),
        (State.REQUESTED, (), "clinician", "the keyholders", ""),
        (State.REQUESTED, (), "researcher-c", "the keyholders", ""),
        (State.APPROVED_BY_ONE, ("keyholder-a",), "keyholder-a", "the other keyholder", ""),
        (State.APPROVED_BY_ONE, ("keyholder-a",), "keyholder-b", "you", "sde reidentify approve r-1"),
        (State.APPROVED, ("keyholder-a", "keyholder-b"), "keyholder-b", "the clinician", ""),
        (State.APPROVED, ("keyholder-a", "keyholder-b"), "clinician", "you", "sde reidentify answer r-1"),
    ],
)
def test_each_party_sees_whom_it_waits_for(
    state: State, approved: tuple[str, ...], who: str, waits_for: str, command: str, visit: Visit, demo_register: Store
) -> None:
    add_reidentification(demo_register, state=state, approved=approved)
    (card,) = cards(visit, who)
    text = " ".join(card.get_text(" ").split())
    assert f"Waits for {waits_for}" in text
    assert "A result that needs treatment." in text
    assert (command in text) if command else ("sde reidentify" not in text)


def test_an_ended_request_waits_for_nobody(visit: Visit, demo_register: Store) -> None:
    for number, state in enumerate((State.ANSWERED, State.REFUSED, State.EXPIRED, State.WITHDRAWN)):
        add_reidentification(demo_register, name=f"r-{number}", state=state)
    add_reidentification(demo_register, name="r-9", expires_at=now() - timedelta(seconds=1))
    for who in ("keyholder-a", "clinician", "researcher-c"):
        assert cards(visit, who) == []


def test_nobody_sees_a_request_of_others(visit: Visit, demo_register: Store) -> None:
    add_reidentification(demo_register, keyholders=("keyholder-b", "admin"))
    assert cards(visit, "keyholder-a") == []
    for who in ("researcher-a", "checker-a", "steward"):
        answer = visit(who).get(PAGE)
        assert answer.status_code == 403
        assert "r-1" not in answer.text


def test_one_keyholder_refuses_with_a_reason_and_it_ends(visit: Visit, demo_register: Store, form_token: str) -> None:
    add_reidentification(demo_register)
    client, url = visit("keyholder-b"), f"{PAGE}/r-1/refuse"
    assert client.post(url, data={"xsrf": form_token, "reason": ""}).status_code == 422
    assert client.post(url, data={"xsrf": form_token, "reason": "of 943 476 5919"}).status_code == 422
    assert state_of(demo_register) == "requested"
    answer = client.post(url, data={"xsrf": form_token, "reason": "Not enough is known"})
    assert answer.status_code == 303
    assert "It has ended" in client.get(answer.headers["location"]).text
    assert state_of(demo_register) == "refused"
    with demo_register.reading() as session:
        assert session.get_one(ReidentificationRequest, "r-1").sealed == b""


def test_who_asked_takes_it_back(visit: Visit, demo_register: Store, form_token: str) -> None:
    add_reidentification(demo_register)
    (card,) = cards(visit, "researcher-c")
    assert [form["action"] for form in card.select("form")] == [f"{PAGE}/r-1/withdraw"]
    assert visit("researcher-c").post(f"{PAGE}/r-1/withdraw", data={"xsrf": form_token}).status_code == 303
    assert state_of(demo_register) == "withdrawn"


@pytest.mark.parametrize(
    ("who", "verb"),
    [("clinician", "refuse"), ("clinician", "withdraw"), ("researcher-c", "refuse"), ("keyholder-a", "withdraw")],
)
def test_nobody_plays_a_part_of_others(
    who: str, verb: str, visit: Visit, demo_register: Store, form_token: str
) -> None:
    add_reidentification(demo_register)
    data = {"xsrf": form_token, "reason": "why"} if verb == "refuse" else {"xsrf": form_token}
    assert visit(who).post(f"{PAGE}/r-1/{verb}", data=data).status_code == 422
    assert state_of(demo_register) == "requested"


def test_a_request_of_others_and_one_that_is_not_there_look_alike(
    visit: Visit, demo_register: Store, form_token: str
) -> None:
    add_reidentification(demo_register, keyholders=("keyholder-b", "admin"))
    texts = [
        visit("keyholder-a").post(f"{PAGE}/{name}/{verb}", data={"xsrf": form_token, **given}).text
        for name in ("r-1", "r-2")
        for verb, given in (("refuse", {"reason": "why"}), ("withdraw", {}))
    ]
    assert len(set(texts)) == 1
    assert state_of(demo_register) == "requested"


def test_nothing_in_the_portal_approves_or_answers(visit: Visit, demo_register: Store, form_token: str) -> None:
    add_reidentification(demo_register)
    for verb in ("approve", "answer"):
        answer = visit("keyholder-a").post(f"{PAGE}/r-1/{verb}", data={"xsrf": form_token})
        assert answer.status_code == 404


def test_the_way_there_is_shown_to_parties_only(visit: Visit, demo_register: Store) -> None:
    def shows(who: str) -> bool:
        page = BeautifulSoup(visit(who).get(f"{PREFIX}/").text, "html.parser")
        return bool(page.select('.main-nav a[href$="/reidentification"]'))

    assert [shows(who) for who in ("keyholder-a", "clinician", "researcher-c", "steward")] == [
        True,
        False,
        False,
        False,
    ]
    add_reidentification(demo_register)
    assert [shows(who) for who in ("keyholder-a", "clinician", "researcher-c", "steward")] == [True, True, True, False]
