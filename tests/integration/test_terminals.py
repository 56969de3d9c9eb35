"""A terminal through the whole gateway: there while the register allows it, gone within seconds when it does not."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from governance.registry import change_project
from governance.settings import load_settings
from governance.store import Store, open_store
from hub.processes import wait_until
from tests.support.gateway import Gateway
from tests.support.visitor import Visitor

pytestmark = pytest.mark.slow

WHERE = "/user/researcher-a/gi-bleed"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Gateway]:
    state = shutil.copytree(lab_template, tmp_path_factory.mktemp("terminals") / "state")
    with Gateway(state) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def register(gateway: Gateway) -> Iterator[Store]:
    opened = open_store(load_settings(state=gateway.state))
    yield opened
    opened.close()


def new_terminal(client: httpx.Client) -> httpx.Response:
    client.get(f"{WHERE}/lab")  # signs this browser in to the workspace
    token = [cookie.value for cookie in client.cookies.jar if cookie.name == "_xsrf" and WHERE in cookie.path]
    headers = {"X-XSRFToken": str(token[-1]), "Origin": str(client.base_url).rstrip("/")} if token else {}
    return client.post(f"{WHERE}/api/terminals", headers=headers)


def open_terminal(client: httpx.Client, name: str) -> Any:
    address = f"{str(client.base_url).rstrip('/')}{WHERE}/terminals/websocket/{name}"
    cookies = str(client.build_request("GET", address).headers.get("cookie", ""))
    origin = str(client.base_url).rstrip("/")
    return connect(address.replace("http", "ws", 1), additional_headers={"Cookie": cookies}, origin=origin)


def said_until(terminal: Any, word: str) -> str:
    said, ends = "", time.monotonic() + 60
    while word not in said:
        kind, *words = json.loads(terminal.recv(timeout=max(0.1, ends - time.monotonic())))
        said += "".join(map(str, words)) if kind == "stdout" else ""
    return said


def test_a_terminal_follows_the_register(gateway: Gateway, register: Store) -> None:
    change_project(register, actor="admin", slug="gi-bleed", terminals=True)
    with closing(gateway.sign_in("researcher-a")) as client:
        Visitor(client).open("/").press("Start workspace")
        assert wait_until(lambda: client.get(f"{WHERE}/lab").status_code == 200, 90), gateway.tell()
        made = new_terminal(client)
        assert made.status_code == 200, made.text
        with open_terminal(client, made.json()["name"]) as terminal:
            terminal.send(json.dumps(["stdin", "id -u; echo E''ND\r"]))
            assert "1000" in said_until(terminal, "END")
            change_project(register, actor="admin", slug="gi-bleed", terminals=False)
            with pytest.raises(ConnectionClosed):
                said_until(terminal, "never said")
        assert new_terminal(client).status_code == 403
