"""What the hub says of a token, over a real unix socket; anything wider or not understood is refused."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.hub_introspection import introspect_with_hub, read_reach
from governance.refusal import Refusal

SERVER = "access:servers!server=amara/gi-bleed"
MODEL = {"kind": "user", "name": "amara", "scopes": [SERVER, "users:activity!user=amara", "read:users!user=amara"]}


def refused(model: Any) -> bool:
    with pytest.raises(Refusal) as caught:
        read_reach(model)
    return caught.value.code == "unknown-channel"


def test_a_workspaces_token_reaches_its_server() -> None:
    assert read_reach(MODEL) == {"amara/gi-bleed"}
    two = {**MODEL, "scopes": [SERVER, "access:servers!server=amara/respiratory"]}
    assert read_reach(two) == {"amara/gi-bleed", "amara/respiratory"}


def test_names_with_odd_characters_are_matched_whole() -> None:
    model = {"kind": "user", "name": "a!b=c", "scopes": ["access:servers!server=a!b=c/gi-bleed"]}
    assert read_reach(model) == {"a!b=c/gi-bleed"}


@pytest.mark.parametrize(
    "scopes",
    [
        [],
        ["self"],
        ["access:services!service=portal"],
        ["access:servers"],
        [SERVER, "access:servers"],
        [SERVER, "access:servers!user=amara"],
        [SERVER, "access:servers!group=all"],
        [SERVER, "access:servers!"],
        ["access:servers!server=ben/gi-bleed"],
        [SERVER, "access:servers!server=ben/gi-bleed"],
        ["access:servers!server=amara"],
        ["access:servers!server="],
        [SERVER, 7],
        [None],
        "access:servers!server=amara/gi-bleed",
        None,
    ],
    ids=str,
)
def test_a_token_that_reaches_less_more_or_others_is_refused(scopes: object) -> None:
    assert refused({**MODEL, "scopes": scopes})


@pytest.mark.parametrize(
    "model",
    [
        None,
        [],
        "amara",
        {},
        {**MODEL, "kind": "service"},
        {**MODEL, "kind": None},
        {**MODEL, "name": ""},
        {**MODEL, "name": None},
        {"kind": "user", "name": "amara"},
    ],
    ids=str,
)
def test_an_answer_of_another_form_is_refused(model: object) -> None:
    assert refused(model)


class _Answering(http.server.BaseHTTPRequestHandler):
    """Answers as the hub does: by the token in the Authorization header."""

    answers: dict[str, tuple[int, bytes]] = {}
    asked: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "")
        self.asked.append((self.path, token))
        status, body = self.answers.get(token, (403, b'{"status": 403}'))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass

    def address_string(self) -> str:
        return "a unix socket"


@pytest.fixture
def hub_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)  # a short path, whatever the temporary folder is called
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")
    _Answering.answers = {
        "token good": (200, json.dumps(MODEL).encode()),
        "token redirected": (302, b""),
        "token broken": (200, b"<html>"),
        "token half": (200, b'{"kind": "us'),
        "token error": (500, b"{}"),
    }
    _Answering.asked = []
    server = socketserver.UnixStreamServer("hub.sock", _Answering)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Path("hub.sock")
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_hub_is_asked_over_its_socket(hub_socket: Path) -> None:
    introspect = introspect_with_hub(hub_socket)
    assert introspect("good") == {"amara/gi-bleed"}
    assert introspect("good") == {"amara/gi-bleed"}
    assert _Answering.asked[0] == ("/hub/api/user", "token good")


@pytest.mark.parametrize(
    "token", ["unknown", "redirected", "broken", "half", "error", "new\nline", "é", "", "\udcff"], ids=repr
)
def test_every_trouble_is_the_same_refusal(hub_socket: Path, token: str) -> None:
    with pytest.raises(Refusal) as caught:
        introspect_with_hub(hub_socket)(token)
    assert caught.value.code == "unknown-channel"


def test_a_hub_that_is_not_there_refuses(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        introspect_with_hub(tmp_path / "hub.sock")("good")
    assert caught.value.code == "unknown-channel"
