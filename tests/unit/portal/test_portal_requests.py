"""Egress on the portal: the author's list, the checker's queue, and nothing of another checker's review in either."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from egress.states import VOTING, State
from governance import registry
from governance.clock import now, today
from governance.store import Store
from governance.store.airlock import EgressRequest
from hub.portal.portal import PREFIX
from hub.portal.views.requests import IN_QUEUE, read_queue
from hub.portal.words import REQUESTS
from tests.support.approvals import train

Visit = Callable[[str], TestClient]
AddRequest = Callable[..., str]


def read_rows(visit: Visit, subject: str, path: str) -> list[str]:
    page = BeautifulSoup(visit(subject).get(PREFIX + path).text, "html.parser")
    return [row.get_text(" ", strip=True) for row in page.select("tbody tr")]


def test_every_state_of_the_airlock_has_words() -> None:
    assert set(REQUESTS) == {state.value for state in State}
    assert set(IN_QUEUE) == {state.value for state in VOTING}


def test_an_author_sees_own_requests_only_with_what_to_do(visit: Visit, add_request: AddRequest) -> None:
    name = add_request("returned", title="Table one")
    add_request("draft", author="researcher-b", title="Of somebody else")
    (row,) = read_rows(visit, "researcher-a", "/egress")
    assert "Table one gi-bleed" in row
    assert "Returned to you" in row
    assert "submit again" in row
    assert f"/services/airlock/requests/{name}" in visit("researcher-a").get(f"{PREFIX}/egress").text


def test_an_author_cannot_tell_how_far_the_reviews_are(visit: Visit, add_request: AddRequest) -> None:
    moment = now()
    for state in ("in_review", "part_reviewed", "reviewed"):
        add_request(state, title="Same", at=moment, votes={"checker-a": 1})
    rows = read_rows(visit, "researcher-a", "/egress")
    assert len(rows) == 3
    assert len(set(rows)) == 1


def test_home_shows_the_latest_five_and_how_many_there_are(visit: Visit, add_request: AddRequest) -> None:
    for number in range(7):
        add_request("draft", title=f"Number {number}", at=now() - timedelta(hours=number))
    rows = read_rows(visit, "researcher-a", "/")
    assert [row.split(" gi-bleed")[0] for row in rows] == [f"Number {number}" for number in range(5)]
    assert "All 7 requests" in visit("researcher-a").get(f"{PREFIX}/").text


def test_the_queue_shows_own_progress_and_nothing_of_the_other(visit: Visit, add_request: AddRequest) -> None:
    moment = now() - timedelta(days=2)
    add_request("part_reviewed", at=moment, votes={"checker-a": 2})
    (mine,) = read_rows(visit, "checker-a", "/review")
    assert "Your review is in" in mine
    add_request("in_review", at=moment)
    part_reviewed, untouched = (re.sub(r"\d\d:\d\d", "", row) for row in read_rows(visit, "checker-b", "/review"))
    assert "Yours to review" in part_reviewed
    assert part_reviewed == untouched, "what another has reviewed looks like what nobody has"


def test_waiting_since_is_the_submission_not_anothers_review(demo_register: Store, add_request: AddRequest) -> None:
    name = add_request("in_review")
    later = now() + timedelta(days=1)
    with demo_register.transaction() as session:
        row = session.get_one(EgressRequest, name)
        row.state, row.changed_at = "part_reviewed", later
    with demo_register.reading() as session:
        (entry,) = read_queue(session, "checker-b")
    assert entry.waiting_since < later


@pytest.mark.parametrize(
    ("votes", "state", "words"),
    [
        ({"checker-a": 1}, "in_review", "You voted on 1 of 2"),
        ({"checker-a": 2, "checker-b": 2}, "reviewed", "Ready to decide"),
    ],
)
def test_what_is_left_to_do(
    votes: dict[str, int], state: str, words: str, visit: Visit, add_request: AddRequest
) -> None:
    add_request(state, votes=votes)
    (row,) = read_rows(visit, "checker-a", "/review")
    assert words in row


def test_longest_waiting_first_and_only_what_waits_for_a_checker(visit: Visit, add_request: AddRequest) -> None:
    add_request("in_review", title="Older")
    add_request("in_review", title="Newer", project="respiratory", author="researcher-b")
    for state in ("draft", "submitted", "screening", "returned", "released", "await_controller"):
        add_request(state, title="Not yet, or not any more")
    rows = read_rows(visit, "checker-a", "/review")
    assert [row.split(" Gast")[0].split(" Bronch")[0] for row in rows] == ["Older", "Newer"]


def test_a_checker_never_sees_a_project_of_which_they_were_a_member(
    visit: Visit, add_request: AddRequest, demo_register: Store
) -> None:
    actor = "service:test"
    registry.add_member(demo_register, actor=actor, slug="gi-bleed", subject="admin", role="researcher", until=today())
    registry.remove_member(demo_register, actor=actor, slug="gi-bleed", subject="admin")
    registry.give_role(demo_register, actor=actor, subject="admin", role="output_checker")
    train(demo_register, "admin")
    add_request("in_review", title="Of the former project")
    add_request("in_review", title="Of another", project="respiratory", author="researcher-b")
    (row,) = read_rows(visit, "admin", "/review")
    assert row.startswith("Of another")


def test_the_queue_of_a_project_that_ended_is_empty(
    visit: Visit, add_request: AddRequest, demo_register: Store
) -> None:
    add_request("in_review")
    registry.change_project(demo_register, actor="service:test", slug="gi-bleed", status="suspended")
    assert read_rows(visit, "checker-a", "/review") == []
