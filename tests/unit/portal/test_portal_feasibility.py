"""The feasibility page: closed until it is set up, a closed form, one's own questions only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from governance import registry
from governance.clock import today
from governance.demo_register import demo_approvals
from governance.feasibility import SLUG, next_waiting, record_answer
from governance.store import Store
from hub.portal.pages import feasibility
from tests.unit.portal.test_portal_pages import check_page

PAGE = "/services/portal/feasibility"
Visit = Callable[[str], TestClient]
COUNT = {"table": "drug_exposure", "sex": "male", "age_from": "20", "age_below": "0", "first_year": "2015"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no guard here: nobody waits for it."""
    monkeypatch.setattr(feasibility, "PATIENCE", 0.0)


@pytest.fixture
def opened(demo_register: Store) -> Store:
    ends = today() + timedelta(days=9)
    registry.create_project(
        demo_register, actor="service:test", slug=SLUG, title="Feasibility", purpose="local_planning", mode="aggregate",
        profile="nhs-sde", ends=ends, approvals=demo_approvals(SLUG, ends),
    )  # fmt: skip
    return demo_register


def test_closed_until_it_is_set_up(visit: Visit) -> None:
    page = BeautifulSoup(visit("researcher-a").get(PAGE).text, "html.parser")
    assert "feasibility-not-set-up" in page.text and not page.find_all("form")


def test_a_question_on_its_way_and_answered(visit: Visit, opened: Store, form_token: str) -> None:
    client = visit("checker-a")
    check_page(client.get(PAGE).text)
    sent = client.post(
        f"{PAGE}/count", data={**COUNT, "concept-1118084": "on", "concepts": "44923712", "xsrf": form_token}
    )
    assert sent.status_code == 303
    assert "Waits" in client.get(PAGE).text
    with opened.reading() as session:
        question = next_waiting(session)
    assert question is not None and question.wish.concepts == (1118084, 44923712)
    record_answer(opened, question.id, answer={"people": 1250})
    page = client.get(PAGE).text
    assert "about 1,250" in page and "19 left today" in page
    assert "about 1,250" not in visit("researcher-a").get(PAGE).text


def test_a_search_fills_the_form_with_boxes(visit: Visit, opened: Store, form_token: str) -> None:
    client = visit("researcher-a")
    sent = client.post(f"{PAGE}/search", data={"table": "drug_exposure", "words": "celecoxib", "xsrf": form_token})
    with opened.reading() as session:
        question = next_waiting(session)
    assert question is not None
    record_answer(opened, question.id, answer={"concepts": [[1118084, "<b>celecoxib</b>"]]})
    page = check_page(client.get(sent.headers["location"]).text)
    assert page.find("input", attrs={"name": "concept-1118084"})
    assert page.find("label", attrs={"for": "c1118084"}).get_text(" ", strip=True) == "<b>celecoxib</b> 1118084"
    stranger = visit("researcher-b").get(sent.headers["location"]).text
    assert "no-such-question" in stranger and "celecoxib" not in stranger


@pytest.mark.parametrize(
    "wrong", [{"table": "person"}, {"sex": "x"}, {"concepts": "1; DROP"}, {"age_from": "21"}, {"first_year": "many"}]
)
def test_a_wrong_form_is_refused_and_keeps_what_was_typed(
    visit: Visit, opened: Store, form_token: str, wrong: dict[str, str]
) -> None:
    sent = visit("researcher-a").post(f"{PAGE}/count", data={**COUNT, **wrong, "xsrf": form_token})
    assert sent.status_code == 422
    assert 'value="2015"' in sent.text or "first_year" in wrong
    with opened.reading() as session:
        assert next_waiting(session) is None
