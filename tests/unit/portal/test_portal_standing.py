"""The pages of what people and projects stand on, and of the kill switch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from governance import registry
from governance.access import find_reasons
from governance.clock import today
from governance.store import Store
from hub.portal.portal import PREFIX

OFFICE = f"{PREFIX}/administration"
WHY = {"reason": "A drill."}
Send = Callable[..., Any]


@pytest.fixture
def send(visit: Any, form_token: str) -> Send:
    def post(path: str, by: str = "admin", **fields: str) -> Any:
        return visit(by).post(OFFICE + path, data={"xsrf": form_token, **fields})

    return post


def test_what_people_and_projects_stand_on_is_recorded_and_shown(send: Send, visit: Any, demo_register: Store) -> None:
    soon = (today() + timedelta(days=20)).isoformat()
    home = {"organisation": "Northbridge University"}
    paper = {"kind": "ethics", "reference": "REC 26/1"}
    for path, fields in (
        ("/people/researcher-a/affiliations", {"organisation": "Northbridge NHS ICB", "until": soon}),
        ("/people/researcher-a/affiliations/end", {"name": "Northbridge University"}),
        ("/agreements", {**home, "reference": "A 2", "until": soon}),
        ("/projects/gi-bleed/approvals", {**paper, "until": soon}),
    ):
        answer = send(path, **fields)
        assert answer.status_code == 303, answer.text
    person = visit("admin").get(f"{OFFICE}/people/researcher-a").text
    assert "Northbridge NHS ICB" in person and "The affiliation" not in person
    assert "A 2" in visit("admin").get(f"{OFFICE}/people").text
    assert "REC 26/1" in visit("steward").get(f"{OFFICE}/projects/gi-bleed").text
    assert send("/projects/gi-bleed/approvals", kind="controller_agreement", reference="x").status_code == 422
    assert send("/projects/gi-bleed/approvals", by="steward", **paper).status_code == 422, "an administrator's"
    assert send("/agreements", **home, reference="A 2", until="soon").status_code == 422
    assert send("/people/researcher-a/affiliations", organisation="Elsewhere").status_code == 422
    assert send("/people/researcher-a/affiliations/end", name="Elsewhere").status_code == 422


def test_the_kill_switch_shows_on_every_page_and_takes_two(send: Send, visit: Any, demo_register: Store) -> None:
    assert send("/stops", scope="egress", **WHY).status_code == 303
    assert "All egress is stopped" in visit("researcher-a").get(f"{PREFIX}/").text
    assert "A drill." in visit("admin").get(f"{OFFICE}/stops").text
    again = send("/stops", scope="egress", **WHY)
    assert again.status_code == 422 and "already-stopped" in again.text
    alone = send("/stops/resume", scope="egress", **WHY)
    assert alone.status_code == 422 and "own-stop" in alone.text
    registry.resume(demo_register, actor="operator:x", scope="egress", reason="It was a drill.")
    assert "All egress is stopped" not in visit("researcher-a").get(f"{PREFIX}/").text
    assert send("/stops", scope="project", target="gi-bleed", **WHY).status_code == 303
    assert send("/stops", scope="person", target="nobody", **WHY).status_code == 422
    with demo_register.reading() as session:
        assert [one.code for one in find_reasons(session, "researcher-a", "gi-bleed")] == ["project-stopped"]
    assert "Project stopped" in visit("researcher-a").get(f"{PREFIX}/").text
