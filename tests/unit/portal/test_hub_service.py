"""What the hub tells the portal about itself, and what the portal makes of the hub's answers."""

from __future__ import annotations

import httpx
import pytest

from governance.refusal import Refusal
from hub.portal.hub_client import HubClient, ServerState
from hub.portal.hub_service import HubAddress, HubService, read_hub_service

ENVIRONMENT = {
    "JUPYTERHUB_API_URL": "http+unix://%2FTmp%2Frun%2Fhub.sock/hub/api",
    "JUPYTERHUB_API_TOKEN": "secret-token",
    "JUPYTERHUB_CLIENT_ID": "service-portal",
    "JUPYTERHUB_SERVICE_PREFIX": "/services/portal/",
    "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:services!service=portal"]',
    "JUPYTERHUB_SOMETHING_ELSE": "ignored",
}


def make_client(answer: httpx.Response | Exception) -> HubClient:
    def reply(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    service = HubService(
        api_url="http://hub/hub/api", api_token="t", client_id="c", service_prefix="/p/", oauth_access_scopes=["s"]
    )
    return HubClient(service, httpx.MockTransport(reply))


def test_the_environment_is_read_and_the_socket_keeps_its_case() -> None:
    service = read_hub_service(ENVIRONMENT)
    assert service.address == HubAddress("http://hub/hub/api", "/Tmp/run/hub.sock")
    assert service.oauth_access_scopes == {"access:services!service=portal"}
    assert "secret-token" not in repr(service)


def test_a_hub_over_tcp_works_too() -> None:
    service = read_hub_service({**ENVIRONMENT, "JUPYTERHUB_API_URL": "http://127.0.0.1:8081/hub/api"})
    assert service.address == HubAddress("http://127.0.0.1:8081/hub/api", None)


@pytest.mark.parametrize("missing", [name for name in ENVIRONMENT if name != "JUPYTERHUB_SOMETHING_ELSE"])
def test_each_missing_variable_is_named_and_no_value_is(missing: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_hub_service({name: value for name, value in ENVIRONMENT.items() if name != missing})
    assert refused.value.code == "not-a-hub-service"
    assert missing in str(refused.value)
    assert "secret-token" not in str(refused.value)


def test_server_states() -> None:
    models = {
        "a": {"ready": True, "pending": None},
        "b": {"ready": False, "pending": "spawn"},
        "c": {"ready": False, "pending": "stop"},
        "d": {"ready": False, "pending": None},
    }
    states = make_client(httpx.Response(200, json={"servers": models})).read_servers("x")
    assert list(states.values()) == [
        ServerState.RUNNING,
        ServerState.STARTING,
        ServerState.STOPPING,
        ServerState.STOPPED,
    ]


def test_somebody_the_hub_never_saw_has_no_servers() -> None:
    assert make_client(httpx.Response(404)).read_servers("x") == {}


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(403), httpx.ConnectError("gone")])
def test_a_hub_that_fails_is_one_refusal(answer: httpx.Response | Exception) -> None:
    with pytest.raises(Refusal) as refused:
        make_client(answer).read_servers("x")
    assert refused.value.code == "hub-not-answering"


def test_a_slow_start_is_left_to_the_hub() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            raise httpx.ReadTimeout("still starting")
        return httpx.Response(200, json={"servers": {}})

    service = HubService(
        api_url="http://hub/hub/api", api_token="t", client_id="c", service_prefix="/p/", oauth_access_scopes=["s"]
    )
    HubClient(service, httpx.MockTransport(reply)).start("x", "gi-bleed")


def test_subjects_are_quoted_in_paths() -> None:
    asked = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"servers": {}})

    service = HubService(
        api_url="http://hub/hub/api", api_token="t", client_id="c", service_prefix="/p/", oauth_access_scopes=["s"]
    )
    HubClient(service, httpx.MockTransport(reply)).read_servers("a|b c@d?e#f")
    assert asked == ["/hub/api/users/a%7Cb%20c@d%3Fe%23f"]
