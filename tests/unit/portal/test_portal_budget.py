"""The release budget in the portal: what a person sees of their own, what nobody sees of another's, who may set it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from governance import registry
from governance.clock import now, today
from governance.store import Store
from governance.store.channels import QueryReceipt
from governance.store.projects import Project
from hub.portal.portal import PREFIX

ACTOR = "service:test"
WHO, WHERE = "researcher-b", "gi-bleed"
Visit = Callable[[str], TestClient]


def tell(store: Store, cells: int, at: datetime | None = None, subject: str = WHO, slug: str = WHERE) -> str:
    name = secrets.token_hex(16)
    with store.transaction() as session:
        session.add(
            QueryReceipt(
                id=name, project_slug=slug, subject=subject, asked_at=at or now(), sql="SELECT a_secret_of_mine",
                verdict="answered", policy_version="v", cells=cells,
            )
        )  # fmt: skip
    return name


def budget_page(visit: Visit, subject: str = WHO, slug: str = WHERE) -> BeautifulSoup:
    answer = visit(subject).get(f"{PREFIX}/projects/{slug}/budget")
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def facts(page: Any) -> dict[str, str]:
    return {term.get_text(): term.find_next("dd").get_text() for term in page.find_all("dt")}


def test_a_new_day_shows_the_whole_budget(visit: Visit) -> None:
    page = budget_page(visit)
    assert page.h1.string == "Release budget"
    shown = facts(page)
    assert (shown["Told today"], shown["Left today"]) == ("0 cells", "20,000 cells")
    midnight = today() + timedelta(days=1)
    assert page.find("time")["datetime"] == f"{midnight.isoformat()}T00:00:00+00:00"
    assert shown["Starts anew"].endswith("00:00 UTC")
    assert "Nothing was told to you today" in page.get_text()
    assert page.find(role="status") is None


def test_what_was_told_and_what_is_left(visit: Visit, demo_register: Store) -> None:
    receipts = [tell(demo_register, cells) for cells in (1_200, 1, 0)]
    page = budget_page(visit)
    assert (facts(page)["Told today"], facts(page)["Left today"]) == ("1,201 cells", "18,799 cells")
    assert "1,201 cells of 20,000 told to you today" in page.label.get_text()
    assert (page.progress["value"], page.progress["max"]) == ("1201", "20000")
    rows = {row.th.get_text(): row.find_all("td")[0].get_text() for row in page.tbody.find_all("tr")}
    assert rows == {receipts[0][:12]: "1,200", receipts[1][:12]: "1"}, "a refusal costs nothing and is not shown"
    assert "a_secret_of_mine" not in page.get_text()


def test_a_budget_that_is_spent_says_so_and_a_larger_last_answer_shows_no_negative(
    visit: Visit, demo_register: Store
) -> None:
    tell(demo_register, 25_000)
    page = budget_page(visit)
    assert "Today's budget is spent" in page.find(role="status").get_text()
    assert (facts(page)["Told today"], facts(page)["Left today"]) == ("25,000 cells", "0 cells")
    assert page.progress["value"] == page.progress["max"]


def test_only_ones_own_of_this_project_and_of_today(visit: Visit, demo_register: Store) -> None:
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    tell(demo_register, 7, subject="researcher-a")
    tell(demo_register, 7, slug="respiratory")
    tell(demo_register, 7, at=midnight - timedelta(microseconds=1))
    page = budget_page(visit)
    assert facts(page)["Told today"] == "0 cells"
    assert page.tbody is None


def test_the_newest_fifty_answers(visit: Visit, demo_register: Store) -> None:
    moment = now()
    for _ in range(51):
        tell(demo_register, 2, at=moment)
    page = budget_page(visit)
    assert len(page.tbody.find_all("tr")) == 50
    assert "The newest 50 of 51." in page.get_text()
    assert facts(page)["Told today"] == "102 cells"


@pytest.mark.parametrize("subject", ["admin", "checker-a"])
def test_only_a_member_has_a_budget_to_see(visit: Visit, subject: str) -> None:
    assert visit(subject).get(f"{PREFIX}/projects/{WHERE}/budget").status_code == 403
    unknown = visit(subject).get(f"{PREFIX}/projects/no-such-thing/budget")
    assert unknown.status_code == 403, "the same as for a project that exists"


def test_home_shows_what_is_left_where_something_can_be_asked(visit: Visit, demo_register: Store) -> None:
    tell(demo_register, 20_000 - 55)
    registry.change_project(demo_register, actor=ACTOR, slug="respiratory", status="suspended")
    page = BeautifulSoup(visit(WHO).get(f"{PREFIX}/").text, "html.parser")
    cards = {card.select_one(".slug").string: facts(card) for card in page.select(".card")}
    assert cards[WHERE]["Cells left today"].startswith("55 of 20,000")
    assert "Cells left today" not in cards["respiratory"]
    assert page.find("a", href=f"{PREFIX}/projects/{WHERE}/budget").get_text().endswith(" cells of " + title(page))


def title(page: Any) -> str:
    return str(page.select_one(".card-title").string)


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("500", 303, ""),
        ("0", 422, "bad-budget"),
        ("-1", 422, "bad-budget"),
        ("1e3", 422, "Release budget must be a whole number."),
        ("", 422, "Release budget must be a whole number."),
    ],
)
def test_an_administrator_sets_it_on_the_projects_page(
    visit: Visit, demo_register: Store, form_token: str, typed: str, status: int, said: str
) -> None:
    here = f"{PREFIX}/administration/projects/{WHERE}"
    form = BeautifulSoup(visit("admin").get(here).text, "html.parser").find("form", action=f"{here}/change")
    assert form.find("input", attrs={"name": "budget_cells"})["value"] == "20000"
    with demo_register.reading() as session:
        project = session.get_one(Project, WHERE)
    dates = {"starts": project.starts_on.isoformat(), "ends": project.ends_on.isoformat(), "status": "active"}
    answer = visit("admin").post(f"{here}/change", data={"xsrf": form_token, **dates, "budget_cells": typed})
    assert answer.status_code == status
    assert said in BeautifulSoup(answer.text, "html.parser").get_text()
    after = "500 cells a person and day" if status == 303 else "20,000 cells a person and day"
    assert facts(BeautifulSoup(visit("admin").get(here).text, "html.parser"))["Release budget"] == after
