"""Every page is sound HTML for people who cannot see it: one heading, labels, captions, language, no script."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from fastapi.testclient import TestClient

from governance.audit import append_event
from governance.clock import now
from governance.store import Store
from hub.portal.portal import PREFIX

pytestmark = pytest.mark.slow  # every combination: several seconds together

PAGES = [
    ("researcher-a", "/", 200),
    ("researcher-a", "/projects/gi-bleed/budget", 200),
    ("researcher-a", "/egress", 200),
    ("researcher-b", "/egress", 200),
    ("researcher-a", "/workspaces/gi-bleed/starting", 200),
    ("checker-a", "/", 200),
    ("checker-a", "/review", 200),
    ("checker-b", "/egress", 200),
    ("admin", "/", 200),
    ("admin", "/administration", 200),
    ("admin", "/administration/people", 200),
    ("admin", "/administration/people/researcher-b", 200),
    ("admin", "/administration/people/nobody-of-that-name", 404),
    ("admin", "/administration/projects", 200),
    ("admin", "/administration/projects/gi-bleed", 200),
    ("admin", "/administration/projects/no-such-thing", 404),
    ("admin", "/administration/audit", 200),
    ("admin", "/administration/audit?before=2000", 200),
    ("admin", "/administration/audit?before=many", 404),
    ("admin", "/no/such/page", 404),
    ("outsider", "/", 403),
    ("researcher-a", "/administration", 403),
]


def check_form(form: Tag) -> None:
    assert form["action"].startswith("/services/portal/")
    if form["method"] == "post":
        assert form.find("input", attrs={"name": "xsrf", "type": "hidden"})["value"]
    for control in form.find_all(["input", "select", "textarea"]):
        if control.get("type") == "hidden":
            continue
        assert form.find("label", attrs={"for": control["id"]}), control
        if control.get("aria-describedby"):
            assert form.find(id=control["aria-describedby"])
    assert all(button.get_text(strip=True) for button in form.find_all("button"))


def check_page(text: str) -> BeautifulSoup:
    page = BeautifulSoup(text, "html.parser")
    assert page.html["lang"] == "en-GB"
    assert page.title.string.endswith(" - SDE Gateway")
    assert len(page.find_all("h1")) == 1
    assert [len(page.find_all(name)) for name in ("main", "header", "footer")] == [1, 1, 1]
    for table in page.find_all("table"):
        assert table.caption.get_text(strip=True)
        assert all(heading["scope"] == "col" for heading in table.thead.find_all("th"))
        widths = {len(row.find_all(["td", "th"])) for row in table.find_all("tr")}
        assert len(widths) == 1, "a row is longer than the table's head"
    for form in page.find_all("form"):
        check_form(form)
    names = [tag["id"] for tag in page.find_all(id=True)]
    assert len(names) == len(set(names)), "two elements have one id"
    levels = [int(heading.name[1]) for heading in page.find_all(["h1", "h2", "h3"])]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert not page.find_all(["script", "iframe", "style"])
    assert not [
        tag for tag in page.find_all(True) if any(name.startswith("on") or name == "style" for name in tag.attrs)
    ]
    return page


@pytest.mark.parametrize(("subject", "path", "status"), PAGES)
def test_page_is_sound(
    subject: str, path: str, status: int, visit: Callable[[str], TestClient], hub: Any, add_request: Callable[..., str]
) -> None:
    hub.run("researcher-a", "gi-bleed", ready=False, pending="spawn")
    for state in ("returned", "in_review", "released"):
        add_request(state, title="<b>Table</b> & figure")
    answer = visit(subject).get(PREFIX + path)
    assert answer.status_code == status
    page = check_page(answer.text)
    assert page.find("b") is None, "typed text was not escaped"


def test_somebody_not_registered_gets_clear_words_and_no_way_on(visit: Callable[[str], TestClient]) -> None:
    page = check_page(visit("outsider").get(f"{PREFIX}/").text)
    assert page.h1.string == "You are not registered yet"
    assert "You are not a registered user of this service." in page.get_text()
    assert page.find("nav") is None
    assert {link["href"] for link in page.main.find_all("a")} == {"/hub/logout"}


def test_a_name_that_does_not_exist_is_not_repeated(visit: Callable[[str], TestClient]) -> None:
    assert "secret-name" not in visit("admin").get(f"{PREFIX}/administration/projects/secret-name").text


def test_audit_log_shows_fifty_a_page_newest_first(
    visit: Callable[[str], TestClient], add_request: Callable[..., str]
) -> None:
    for _ in range(40):
        add_request("draft", files=0)
    first = check_page(visit("admin").get(f"{PREFIX}/administration/audit").text)
    numbers = [int(row.td.string) for row in first.tbody.find_all("tr")]
    assert len(numbers) == 50
    assert numbers == sorted(numbers, reverse=True)
    second = check_page(visit("admin").get(f"{PREFIX}{first.find('a', rel='next')['href'].split('portal')[1]}").text)
    assert int(second.tbody.tr.td.string) == numbers[-1] - 1
    assert second.find("nav", attrs={"aria-label": "Pages"}).a.string == "Newest"


def test_the_auditor_finds_events_by_what_they_are(visit: Callable[[str], TestClient], demo_register: Store) -> None:
    with demo_register.transaction() as session:
        append_event(session, event="query.refused", actor="researcher-a", project="gi-bleed")
        append_event(session, event="query.refused", actor="researcher-b", project="gi-bleed")
    day = now().date().isoformat()

    def actors(query: str) -> list[str]:
        found = check_page(visit("admin").get(f"{PREFIX}/administration/audit?{query}").text)
        return [row.find_all("td")[3].string for row in found.tbody.find_all("tr")] if found.tbody else []

    assert actors("outcome=refused") == actors("event=query.") == ["researcher-b", "researcher-a"]
    assert actors(f"outcome=refused&actor=researcher-a&project=gi-bleed&since={day}&until={day}") == ["researcher-a"]
    assert actors("outcome=refused&until=2000-01-01") == actors("event=query.ref") == actors("since=9999-12-31") == []
    assert "bad-day" in visit("admin").get(f"{PREFIX}/administration/audit?since=yesterday").text
    assert "no-such-outcome" in visit("admin").get(f"{PREFIX}/administration/audit?outcome=x").text
