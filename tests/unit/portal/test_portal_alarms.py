"""The auditor's queue in the portal: seen by those who read the audit log, worked by auditors only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from governance import registry
from governance.clock import now
from governance.monitoring import RULES, raise_alarm
from governance.store import Store
from hub.portal.portal import PREFIX

pytestmark = pytest.mark.slow
PAGE = f"{PREFIX}/administration/alarms"


def test_from_open_to_closed(visit: Callable[[str], TestClient], form_token: str, demo_register: Store) -> None:
    registry.give_role(demo_register, actor="operator:x", subject="checker-b", role="auditor")
    with demo_register.transaction() as session:
        raise_alarm(session, RULES[0], "researcher-a", now(), events=40, seq=7, project="gi-bleed")
    seen = BeautifulSoup(visit("admin").get(PAGE).text, "html.parser")
    assert seen.find("h2", string=RULES[0].title)
    assert not seen.find_all("form", action=lambda action: action and "/alarms/" in action)
    auditor = visit("checker-b")
    assert auditor.post(f"{PAGE}/1/look", data={"xsrf": form_token}).status_code == 303
    refused = auditor.post(f"{PAGE}/1/close", data={"xsrf": form_token, "note": "Patient 9434765919 asked."})
    assert "number-in-text" in refused.text
    done = auditor.post(f"{PAGE}/1/close", data={"xsrf": form_token, "note": "A misunderstanding about dates."})
    assert done.status_code == 303
    assert "Nothing waits" in auditor.get(PAGE).text
    assert "A misunderstanding about dates." in auditor.get(f"{PAGE}?everything=true").text
    assert "alarm-closed" in auditor.post(f"{PAGE}/1/look", data={"xsrf": form_token}).text
