"""Terminals are a project's, off unless an administrator says otherwise on its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient
from sqlalchemy import select

from governance.refusal import Refusal
from governance.registry import change_project
from governance.store import Store
from governance.store.audit_log import AuditEvent
from governance.store.projects import Project
from hub.portal.portal import PREFIX

Visit = Callable[[str], TestClient]
WHERE = "gi-bleed"
HERE = f"{PREFIX}/administration/projects/{WHERE}"


@pytest.mark.parametrize(("chosen", "shown", "stored"), [("yes", "yes", True), ("no", "no", False)])
def test_an_administrator_chooses(
    visit: Visit, demo_register: Store, form_token: str, chosen: str, shown: str, stored: bool
) -> None:
    assert facts(BeautifulSoup(visit("admin").get(HERE).text, "html.parser"))["Terminals"] == "no"
    answer = visit("admin").post(f"{HERE}/change", data=_values(demo_register, form_token, chosen))
    assert answer.status_code == 303
    page = BeautifulSoup(visit("admin").get(HERE).text, "html.parser")
    assert facts(page)["Terminals"] == shown
    assert page.select_one("select[name=terminals] option[selected]")["value"] == chosen
    with demo_register.reading() as session:
        assert session.get_one(Project, WHERE).terminals is stored


def test_it_is_on_record(demo_register: Store) -> None:
    change_project(demo_register, actor="admin", slug=WHERE, terminals=True)
    with demo_register.reading() as session:
        newest = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).one()
    assert (newest.event, newest.detail) == ("project.changed", '{"terminals":"False -> True"}')


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_only_yes_or_no_is_taken(demo_register: Store, value: object) -> None:
    with pytest.raises(Refusal, match="yes or no") as caught:
        change_project(demo_register, actor="admin", slug=WHERE, terminals=value)
    assert caught.value.code == "bad-flag"


def _values(store: Store, token: str, chosen: str) -> dict[str, str]:
    with store.reading() as session:
        project = session.get_one(Project, WHERE)
    dates = {"starts": project.starts_on.isoformat(), "ends": project.ends_on.isoformat()}
    return {"xsrf": token, **dates, "status": "active", "budget_cells": "9", "terminals": chosen}


def facts(page: Any) -> dict[str, str]:
    return {term.get_text(): term.find_next("dd").get_text() for term in page.select("dl.facts dt")}
