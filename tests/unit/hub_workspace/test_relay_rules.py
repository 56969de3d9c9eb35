"""What may pass the relay, by table."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.callers import CHANNEL_HEADER
from governance.settings import Settings, load_settings
from hub.names import places_of
from hub.relay.allowed import HUB_REQUESTS, REQUEST_HEADERS, holes_of, hub_allows, service_allows


@pytest.mark.parametrize(("method", "path"), HUB_REQUESTS)
def test_the_listed_requests_pass_for_ones_own_person(method: str, path: str) -> None:
    assert hub_allows("alice")(method, path.replace("{person}", "alice"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/hub/api/users/bob/activity"),
        ("POST", "/hub/api/users/{person}/activity"),
        ("GET", "/hub/api/users/alice/activity"),
        ("POST", "/hub/api/user"),
        ("GET", "/hub/api/user/"),
        ("GET", "/hub/api/user?"),
        ("get", "/hub/api/user"),
        ("GET", "/HUB/api/user"),
        ("GET", "/hub/api/%75ser"),
        ("GET", "/hub//api/user"),
        ("GET", "/hub/api/users"),
        ("GET", "/hub/api/proxy"),
        ("GET", ""),
        ("GET", "/"),
    ],
)
def test_nothing_else_passes(method: str, path: str) -> None:
    assert not hub_allows("alice")(method, path)


def test_a_person_with_an_unusual_name_can_report_activity_as_the_hub_spells_it() -> None:
    assert hub_allows("a b@x.org")("POST", "/hub/api/users/a%20b@x.org/activity")
    assert hub_allows("../admin")("POST", "/hub/api/users/..%2Fadmin/activity")
    assert not hub_allows("../admin")("POST", "/hub/api/users/../admin/activity")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/query"),
        ("GET", "/v1/tables"),
        ("GET", "/v1/tables/condition_occurrence"),
        ("GET", "/v1/tables/odd%20name"),
        ("GET", "/v1/requests/0f3a"),
        ("POST", "/v1/check"),
        ("GET", "/v1/requests?state=open&page=2"),
    ],
)
def test_the_services_api_passes(method: str, path: str) -> None:
    assert service_allows(method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("GET", "/v2/query"),
        ("GET", "/v1/tables/"),
        ("GET", "/v1/./tables"),
        ("GET", "/v1/../services/airlock"),
        ("GET", "/v1/%2e%2e/x"),
        ("GET", "/v1/a%2fb"),
        ("GET", "/v1/a%5Cb"),
        ("GET", "/v1/a%00b"),
        ("GET", "/v1/%252e%252e/x"),
        ("GET", "/v1/a;b"),
        ("GET", "/v1/a#b"),
        ("GET", "/v1/ä"),
        ("GET", "/v1/a\nb"),
        ("GET", "//v1/tables"),
        ("GET", "http://guard/v1/tables"),
        ("GET", "/services/airlock/"),
        ("PUT", "/v1/tables"),
        ("DELETE", "/v1/tables"),
        ("TRACE", "/v1/tables"),
    ],
)
def test_everything_else_does_not(method: str, path: str) -> None:
    assert not service_allows(method, path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(state=tmp_path)


def test_each_hole_leads_to_its_service_and_only_services_learn_the_channel(settings: Settings) -> None:
    holes = holes_of(settings, places_of(settings.folder, "a", "p"), subject="a", channel="c")
    run = settings.folder.run
    assert {hole.name: hole.leads_to for hole in holes} == {
        "hub": run / "hub.sock",
        "guard": run / "guard.sock",
        "airlock": run / "airlock.sock",
    }
    assert {hole.name: dict(hole.adds) for hole in holes} == {
        "hub": {},
        "guard": {CHANNEL_HEADER: "c"},
        "airlock": {CHANNEL_HEADER: "c"},
    }


def test_the_channel_header_is_not_one_that_passes() -> None:
    assert CHANNEL_HEADER not in REQUEST_HEADERS
    assert not {"cookie", "host", "connection", "upgrade", "x-forwarded-for"} & REQUEST_HEADERS


def test_the_channel_is_not_shown_where_holes_are_printed(settings: Settings) -> None:
    holes = holes_of(settings, places_of(settings.folder, "a", "p"), subject="a", channel="never-shown")
    assert "never-shown" not in repr(holes)
