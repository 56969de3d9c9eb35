"""Administration: forms change the register in the visitor's name, refusals keep what was typed, revoking stops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from governance import registry
from governance.audit import read_events
from governance.clock import today
from governance.store import Store
from governance.store.people import Person
from governance.store.projects import Project
from hub.portal.portal import PREFIX
from tests.support.approvals import train

pytestmark = pytest.mark.slow  # every combination: several seconds together

ACTOR = "service:test"
OFFICE = f"{PREFIX}/administration"
UNIVERSITY = "Northbridge University"
NEXT_YEAR = (today() + timedelta(days=365)).isoformat()
PROJECT = {"title": "T", "purpose": "national", "mode": "aggregate", "profile": "hes", "starts": "", "ends": NEXT_YEAR}
KEPT = {"name": "Kept", "organisation": UNIVERSITY}
Send = Callable[..., Any]


@pytest.fixture
def send(visit: Callable[[str], TestClient], form_token: str) -> Send:
    def post(path: str, *, by: str = "admin", **fields: str) -> Any:
        return visit(by).post(OFFICE + path, data={**fields, "xsrf": form_token})

    return post


def read_refusal(answer: Any) -> str:
    box = BeautifulSoup(answer.text, "html.parser").select_one("[role=alert]")
    return box.get_text(" ", strip=True)


def newest_event(store: Store) -> tuple[str, str]:
    with store.reading() as session:
        last = list(read_events(session))[-1]
        return last.event, last.actor


@pytest.mark.parametrize(
    ("path", "fields", "event", "onward"),
    [
        ("/organisations", {"name": "Coastal University"}, "organisation.added", "/people"),
        (
            "/people",
            {"subject": "x|new.person", "name": "New Person", "organisation": UNIVERSITY},
            "person.added",
            "/people/x%7Cnew.person",
        ),
        (
            "/people/researcher-a/training",
            {"course": "safe-researcher", "certificate": "", "expires": NEXT_YEAR},
            "training.recorded",
            "/people/researcher-a",
        ),
        ("/people/researcher-a/suspend", {}, "person.suspended", "/people/researcher-a"),
        (
            "/projects",
            {"slug": "falls", **PROJECT},
            "project.created",
            "/projects/falls",
        ),
        (
            "/projects/gi-bleed/change",
            {"starts": today().isoformat(), "ends": NEXT_YEAR, "status": "suspended", "budget_cells": "9"},
            "project.changed",
            "/projects/gi-bleed",
        ),
        (
            "/projects/respiratory/members",
            {"subject": "researcher-a", "role": "researcher", "starts": "", "until": NEXT_YEAR},
            "member.added",
            "/projects/respiratory",
        ),
        ("/projects/gi-bleed/members/remove", {"subject": "researcher-a"}, "member.removed", "/projects/gi-bleed"),
        ("/projects/gi-bleed/grants", {"table": "Person", "columns": "a, b"}, "grant.given", "/projects/gi-bleed"),
        ("/projects/gi-bleed/grants/revoke", {"table": "*"}, "grant.revoked", "/projects/gi-bleed"),
    ],
)
def test_a_form_changes_the_register_in_the_visitors_name_and_redirects(
    path: str, fields: dict[str, str], event: str, onward: str, send: Send, demo_register: Store, visit: Any
) -> None:
    answer = send(path, **fields)
    assert answer.status_code == 303, read_refusal(answer)
    assert newest_event(demo_register) == (event, "admin")
    where = answer.headers["location"]
    assert where.startswith(f"{OFFICE}{onward}?done=")
    page = BeautifulSoup(visit("admin").get(where).text, "html.parser")
    assert page.select_one("[role=status]").get_text(strip=True)


def test_lifting_a_suspension(send: Send, demo_register: Store) -> None:
    registry.suspend_person(demo_register, actor=ACTOR, subject="researcher-a")
    assert send("/people/researcher-a/restore").status_code == 303
    assert newest_event(demo_register) == ("person.restored", "admin")


@pytest.mark.parametrize(
    ("path", "fields", "code", "kept"),
    [
        ("/people", {"subject": "researcher-a", **KEPT}, "already-exists", "Kept"),
        ("/people", {"subject": "a/b", **KEPT}, "bad-subject", "Kept"),
        ("/people", {"subject": "", **KEPT}, "bad-form", "Kept"),
        ("/people", {"subject": "x", "name": "Kept", "organisation": "Elsewhere"}, "no-such-organisation", "Kept"),
        ("/people", {"subject": "x", **KEPT, "role": "auditor"}, "bad-form", "Kept"),
        ("/organisations", {"name": UNIVERSITY, "country": "Kept"}, "already-exists", "Kept"),
        (
            "/people/researcher-a/training",
            {"course": "c", "issuer": "Kept", "expires": "31/12/2030"},
            "bad-form",
            "Kept",
        ),
        (
            "/people/admin/training",
            {"course": "c", "issuer": "Kept", "expires": NEXT_YEAR},
            "own-approval",
            "Kept",
        ),
        ("/people/admin/restore", {}, "own-approval", ""),
        (
            "/projects",
            {"slug": "Kept!", **PROJECT},
            "bad-slug",
            "Kept!",
        ),
        (
            "/projects/gi-bleed/change",
            {"starts": NEXT_YEAR, "ends": "2020-01-01", "status": "active", "budget_cells": "9"},
            "ends-before-start",
            "2020-01-01",
        ),
        (
            "/projects/gi-bleed/members",
            {"subject": "checker-a", "role": "researcher", "until": NEXT_YEAR},
            "checker-cannot-be-member",
            NEXT_YEAR,
        ),
        ("/projects/gi-bleed/members/remove", {"subject": "checker-a"}, "not-a-member", ""),
        ("/projects/gi-bleed/grants", {"table": "no; such", "columns": ""}, "bad-identifier", "no; such"),
        ("/projects/gi-bleed/grants/revoke", {"table": "death"}, "no-such-grant", ""),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(
    path: str, fields: dict[str, str], code: str, kept: str, send: Send, demo_register: Store
) -> None:
    before = newest_event(demo_register)
    answer = send(path, **fields)
    assert answer.status_code == 422
    assert read_refusal(answer).endswith(f"Reference: {code}")
    page = BeautifulSoup(answer.text, "html.parser")
    assert not kept or page.find("input", value=kept)
    assert newest_event(demo_register) == before


def test_what_is_kept_stays_in_its_own_form(send: Send) -> None:
    answer = send("/projects/gi-bleed/members", subject="researcher-b", role="researcher", starts="x", until=NEXT_YEAR)
    page = BeautifulSoup(answer.text, "html.parser")
    change = page.find("form", action=f"{OFFICE}/projects/gi-bleed/change")
    assert change.find("input", attrs={"name": "starts"})["value"] == today().isoformat()
    member = page.find("form", action=f"{OFFICE}/projects/gi-bleed/members")
    assert member.find("option", selected=True)["value"] == "researcher-b"


def give_one_role(store: Store, subject: str, role: str) -> None:
    registry.add_person(store, actor=ACTOR, subject=subject, name=subject, organisation=UNIVERSITY)
    train(store, subject, days=9)
    registry.give_role(store, actor=ACTOR, subject=subject, role=role)


def test_an_administrator_grants_no_data_and_a_steward_admits_nobody(
    send: Send, visit: Any, demo_register: Store
) -> None:
    give_one_role(demo_register, "office", "administrator")
    actions = {}
    for who in ("office", "steward"):
        page = BeautifulSoup(visit(who).get(f"{OFFICE}/projects/gi-bleed").text, "html.parser")
        actions[who] = {form["action"].removeprefix(f"{OFFICE}/projects/gi-bleed") for form in page.find_all("form")}
    assert actions["office"] == {"/approvals", "/members/remove", "/members", "/change"}
    assert actions["steward"] == {"/approvals", "/grants/revoke", "/grants"}
    assert send("/projects/gi-bleed/grants", by="office", table="death", columns="").status_code == 403
    assert send("/projects/gi-bleed/members/remove", by="steward", subject="researcher-a").status_code == 403


def run_rooms(hub: Any) -> None:
    for subject, project in (
        ("researcher-a", "gi-bleed"),
        ("researcher-b", "gi-bleed"),
        ("researcher-b", "respiratory"),
    ):
        hub.run(subject, project)


@pytest.mark.parametrize(
    ("path", "fields", "left"),
    [
        (
            "/projects/gi-bleed/members/remove",
            {"subject": "researcher-b"},
            {("researcher-a", "gi-bleed"), ("researcher-b", "respiratory")},
        ),
        ("/people/researcher-b/suspend", {}, {("researcher-a", "gi-bleed")}),
        (
            "/projects/gi-bleed/change",
            {"starts": today().isoformat(), "ends": NEXT_YEAR, "status": "suspended", "budget_cells": "9"},
            {("researcher-b", "respiratory")},
        ),
        (
            "/people/researcher-b/training",
            {"course": "Safe researcher training", "expires": "2020-01-01"},
            {("researcher-a", "gi-bleed")},
        ),
        (
            "/projects/gi-bleed/members",
            {"subject": "researcher-b", "role": "researcher", "starts": "2020-01-01", "until": "2020-01-02"},
            {("researcher-a", "gi-bleed"), ("researcher-b", "respiratory")},
        ),
    ],
)
def test_ending_access_stops_exactly_the_workspaces_it_covered(
    path: str, fields: dict[str, str], left: set[tuple[str, str]], send: Send, hub: Any, visit: Any
) -> None:
    run_rooms(hub)
    answer = send(path, **fields)
    assert set(hub.servers) == left
    assert answer.headers["location"].endswith("&workspaces=stopped")
    assert "What was still running was stopped." in visit("admin").get(answer.headers["location"]).text


def test_ending_access_holds_even_if_the_hub_is_away_and_the_page_says_so(
    send: Send, hub: Any, visit: Any, demo_register: Store
) -> None:
    run_rooms(hub)
    hub.down = True
    answer = send("/people/researcher-b/suspend")
    assert answer.status_code == 303
    assert "The hub does not answer" in visit("admin").get(answer.headers["location"]).text
    with demo_register.reading() as session:
        person = session.get(Person, "researcher-b")
        assert person is not None
        assert person.suspended_at is not None


def test_a_change_that_ends_nothing_stops_nothing(send: Send, hub: Any, demo_register: Store) -> None:
    run_rooms(hub)
    day = today().isoformat()
    send("/projects/gi-bleed/change", starts=day, ends=day, status="active", budget_cells="9")
    assert len(hub.servers) == 3
    with demo_register.reading() as session:
        project = session.get(Project, "gi-bleed")
        assert project is not None
        assert project.ends_on == today()


def test_the_notice_in_the_address_can_say_only_what_we_wrote(visit: Any) -> None:
    page = visit("admin").get(f"{OFFICE}/people?done=You+have+won&workspaces=x").text
    assert "won" not in page
    assert 'role="status"' not in page


def test_overview_calls_out_what_ends_soon(visit: Any, demo_register: Store) -> None:
    registry.set_course(demo_register, actor=ACTOR, code="second", title="Second", required_for=["holder"])
    registry.record_training(
        demo_register, actor=ACTOR, subject="researcher-a", course="second", expires=today() + timedelta(days=3)
    )
    registry.change_project(demo_register, actor=ACTOR, slug="respiratory", ends=today() + timedelta(days=5))
    page = visit("admin").get(OFFICE).text
    assert "Training: Second" in page
    assert "Bronchitis and sinusitis in primary care" in page
    assert "Training: Second" not in visit("steward").get(OFFICE).text
