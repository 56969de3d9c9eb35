"""Routes: the longest prefix wins, services cannot be replaced, only unix sockets are routed to."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.edge.paths import read_path
from hub.edge.table import Route, RouteTable, Workspace, make_route

SOCKET = "http+unix://%2Frun%2Fs.sock"


def found(table: RouteTable, raw: str) -> str | None:
    route = table.find(read_path(raw))
    return route.spec if route else None


@pytest.fixture
def table() -> RouteTable:
    table = RouteTable([make_route("/services/portal/", SOCKET, {})])
    for spec in ("/", "/user/a/", "/user/a/p/", "/user/a%40b.org/p/"):
        table.add(make_route(spec, SOCKET, {"user": "a", "server_name": "p"}))
    return table


@pytest.mark.parametrize(
    ("raw", "spec"),
    [
        ("/", "/"),
        ("/hub/login", "/"),
        ("/user/a/p/lab", "/user/a/p/"),
        ("/user/a/p", "/user/a/p/"),
        ("/user/a/pp/lab", "/user/a/"),
        ("/user/%61/p/lab", "/user/a/p/"),
        ("/user/a@b.org/p/lab", "/user/a%40b.org/p/"),
        ("/user/a%40b.org/p/lab", "/user/a%40b.org/p/"),
        ("/user/A/p/lab", "/"),
        ("/services/portal/", "/services/portal/"),
        ("/services/portal", "/services/portal/"),
        ("/services/portaly/", "/"),
    ],
)
def test_the_longest_prefix_wins(table: RouteTable, raw: str, spec: str) -> None:
    assert found(table, raw) == spec


def test_no_route_without_a_match() -> None:
    assert found(RouteTable(), "/hub/") is None


def test_a_services_prefix_cannot_be_taken(table: RouteTable) -> None:
    with pytest.raises(ValueError, match="belongs to a service"):
        table.add(make_route("/services/portal/", SOCKET, {"user": "a"}))


def test_a_route_is_forgotten(table: RouteTable) -> None:
    gone = table.remove("/user/a/p/")
    assert isinstance(gone, Route)
    assert found(table, "/user/a/p/lab") == "/user/a/"
    assert table.remove("/user/a/p/") is None


def test_the_port_that_the_hub_adds_is_taken_off() -> None:
    assert make_route("/x/", f"{SOCKET}:80", {}).socket == Path("/run/s.sock")


def test_a_route_knows_whose_workspace_it_is() -> None:
    assert make_route("/user/a/p/", SOCKET, {"user": "a", "server_name": "p"}).workspace == Workspace("a", "p")
    assert make_route("/", SOCKET, {"hub": True}).workspace is None
