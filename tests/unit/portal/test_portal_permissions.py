"""Every route with every kind of visitor: allowed or refused exactly as the table of routes declares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from governance import registry
from governance.clock import today
from governance.store import Store
from hub.portal.permissions import Permission
from hub.portal.portal import PREFIX
from hub.portal.routes import ROUTES, Route
from tests.support.approvals import train
from tests.support.reidentification_rows import add_reidentification

pytestmark = pytest.mark.slow  # every combination: over ten seconds together

ACTOR = "service:test"
PARAMETERS = {
    "{slug}": "gi-bleed",
    "{subject}": "researcher-b",
    "{name}": "style.css",
    "{delivery}": "d",
    "{version}": "v",
    "{number}": "1",
    "{request}": "r",
}
BASIC = {Permission.ANYONE, Permission.SIGNED_IN}
#: Written down by hand, not computed from permissions.py.
MAY = {
    "outsider": {Permission.ANYONE},
    "suspended": BASIC,
    "untrained-administrator": BASIC,
    "researcher-a": BASIC | {Permission.MEMBER},
    "checker-a": BASIC | {Permission.CHECKER},
    "only-administrator": BASIC
    | {Permission.OFFICE, Permission.ADMINISTRATOR, Permission.PROJECT_READER, Permission.AUDIT_READER},
    "only-steward": BASIC | {Permission.OFFICE, Permission.PROJECT_READER, Permission.STEWARD},
    "only-keyholder": BASIC | {Permission.PARTY},
    "named-clinician": BASIC | {Permission.PARTY},
    "clinician": BASIC,
    "only-auditor": BASIC | {Permission.OFFICE, Permission.AUDIT_READER, Permission.AUDITOR},
    "member-of-another": BASIC,
}


@pytest.fixture
def visitors(demo_register: Store) -> None:
    """The demonstration's people and some who hold exactly one role."""
    roles = {
        "only-administrator": "administrator",
        "only-steward": "data_steward",
        "only-auditor": "auditor",
        "only-keyholder": "keyholder",
    }
    for subject in (*roles, "suspended", "untrained-administrator", "member-of-another", "named-clinician"):
        registry.add_person(
            demo_register, actor=ACTOR, subject=subject, name=subject, organisation="Northbridge University"
        )
        if subject != "untrained-administrator":
            train(demo_register, subject, days=9)
    for subject, role in (*roles.items(), ("untrained-administrator", "administrator")):
        registry.give_role(demo_register, actor=ACTOR, subject=subject, role=role)
    until = today() + timedelta(days=9)
    for subject, slug in (("suspended", "gi-bleed"), ("member-of-another", "respiratory")):
        registry.add_member(demo_register, actor=ACTOR, slug=slug, subject=subject, role="researcher", until=until)
    add_reidentification(demo_register, clinician="named-clinician")
    registry.suspend_person(demo_register, actor=ACTOR, subject="suspended")


def call(client: TestClient, route: Route, form_token: str) -> int:
    path = PREFIX + route.path
    for parameter, value in PARAMETERS.items():
        path = path.replace(parameter, value)
    if route.method == "POST":
        return client.post(path, data={"xsrf": form_token}).status_code
    return client.get(path).status_code


@pytest.mark.parametrize("subject", MAY)
@pytest.mark.usefixtures("visitors")
def test_each_route_is_open_to_exactly_its_permission(
    subject: str, visit: Callable[[str], TestClient], form_token: str
) -> None:
    client = visit(subject)
    for route in ROUTES:
        if route.path == "/oauth_callback":
            continue  # answers 400 to anybody who does not come from the hub; see test_portal_identity
        status = call(client, route, form_token)
        allowed = route.permission in MAY[subject]
        assert (status != 403) is allowed, f"{subject} {route.method} {route.path}: {status}"
        assert status < 500, f"{subject} {route.method} {route.path}: {status}"


def test_without_a_session_a_page_leads_to_the_hub_and_a_form_is_refused(app: FastAPI) -> None:
    client = TestClient(app, base_url="http://gateway.test", follow_redirects=False)
    for route in ROUTES:
        if route.permission is Permission.ANYONE:
            continue
        status = call(client, route, "")
        assert status == (302 if route.method == "GET" else 403), f"{route.method} {route.path}: {status}"


def test_every_permission_has_a_visitor_who_holds_it_and_one_who_does_not() -> None:
    for permission in set(Permission) - {Permission.ANYONE}:
        assert {permission in held for held in MAY.values()} == {True, False}


def test_no_route_exists_outside_the_table(app: FastAPI) -> None:
    declared = {(route.method, PREFIX + route.path) for route in ROUTES}
    found = {(method, route.path) for route in app.routes if isinstance(route, APIRoute) for method in route.methods}
    assert found == declared
    assert len(app.routes) == len(declared)
    assert len(declared) == len(ROUTES)


def test_a_form_without_the_sessions_token_changes_nothing(visit: Callable[[str], TestClient]) -> None:
    client = visit("admin")
    for route in ROUTES:
        if route.method == "POST":
            assert call(client, route, "") == 403
            assert call(client, route, "0" * 64) == 403
    assert "Suspended" not in client.get(f"{PREFIX}/administration/people").text


def test_the_manual_lists_every_route_with_its_permission() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "how-to" / "portal.md").read_text().split("## Pages and who")[1]
    listed = [tuple(cell.strip(" `") for cell in line.split("|")[1:3]) for line in manual.splitlines() if "| `" in line]
    assert listed == [(f"{route.method} {route.path}", route.permission.value) for route in ROUTES]
