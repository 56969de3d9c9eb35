"""A workspace's own server, as the gateway starts it: terminals only where the register allows them and behind the same
walls; the farewell for the gateway alone; what counts as use."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from governance.registry import change_project
from governance.settings import Settings
from governance.store import Store
from hub.farewell import HEADER, save_open_documents
from hub.notices import Notice, write_notice
from hub.processes import Process, wait_until
from hub.spawner import BubblewrapSpawner
from tests.support.lone_hub import LoneHub

pytestmark = pytest.mark.slow

PERSON, PROJECT, TOKEN = "researcher-a", "gi-bleed", "a" * 64
PREFIX = f"/user/{PERSON}/{PROJECT}/"
LAB = "0123456789abcdef01234567"
NOTICE = Notice("disk", "disk", "warning", "Nearly full.")
WORDS = aiohttp.WSMsgType.TEXT


class Inside:
    """Requests to the workspace's server with its own token, as the Lab would make them."""

    def __init__(self, spawner: BubblewrapSpawner, session: aiohttp.ClientSession) -> None:
        self.spawner, self.session = spawner, session

    async def ask(self, path: str, method: str = "GET", **more: Any) -> tuple[int, str]:
        async with self.session.request(method, f"http://x{PREFIX}{path}", allow_redirects=False, **more) as answer:
            return answer.status, await answer.text()

    async def news(self, notices: str = "", closing: int = 0) -> dict[str, Any]:
        status, text = await self.ask(f"sde/news?lab={LAB}&notices={notices}&closing={closing}")
        assert status == 200, text
        found: dict[str, Any] = json.loads(text)
        return found

    async def last_activity(self) -> str:
        return str(json.loads((await self.ask("api/status"))[1])["last_activity"])


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Inside]:
    async with LoneHub(settings, PERSON, PROJECT, TOKEN).listening() as hub:
        spawner = hub.spawner()
        await spawner.start()
        connector = aiohttp.UnixConnector(path=str(spawner.places.server_socket))
        headers = {"Authorization": f"token {TOKEN}"}
        try:
            async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
                yield Inside(spawner, session)
        finally:
            await spawner.stop(now=True)


def story(settings: Settings, told: Callable[[Inside], Coroutine[Any, Any, None]]) -> None:
    async def tell() -> None:
        async with running(settings) as inside:
            await told(inside)

    asyncio.run(tell())


def lab_page(text: str) -> dict[str, Any]:
    found = re.search(r'id="jupyter-config-data" type="application/json">(.*?)</script>', text, re.S)
    assert found
    config: dict[str, Any] = json.loads(found[1])
    return config


def test_without_the_registers_word_there_is_no_terminal(settings: Settings, demo_register: Store) -> None:
    async def told(inside: Inside) -> None:
        assert (await inside.ask("api/terminals", "POST"))[0] == 403
        page = lab_page((await inside.ask("lab"))[1])
        assert page["terminalsAvailable"] is False
        assert "@jupyterlab/terminal-extension" in page["disabledExtensions"]
        assert [one["name"] for one in page["federated_extensions"]].count("sde-workspace") == 1

    story(settings, told)


def test_a_terminal_is_inside_the_same_walls(settings: Settings, demo_register: Store) -> None:
    change_project(demo_register, actor="admin", slug=PROJECT, terminals=True)

    async def told(inside: Inside) -> None:
        page = lab_page((await inside.ask("lab"))[1])
        assert page["terminalsAvailable"] is True
        assert not [name for name in page["disabledExtensions"] if "terminal" in name]
        assert (await inside.ask("files/first-steps.ipynb"))[0] == 403
        status, text = await inside.ask("api/terminals", "POST")
        assert status == 200, text
        name = json.loads(text)["name"]
        async with inside.session.ws_connect(f"http://x{PREFIX}terminals/websocket/{name}") as terminal:
            ask = (
                "grep -hE '^(NoNewPrivs|Seccomp|CapEff):' /proc/self/status; pwd; tty; ls /sys/class/net; echo E''ND\r"
            )
            await terminal.send_json(["stdin", ask])
            said = await read_until(terminal, "END")
        flat = " ".join(said.split())
        for expected in ("NoNewPrivs: 1", "Seccomp: 2", "CapEff: 0000000000000000", "/home/researcher", "/dev/pts/"):
            assert expected in flat, said

    story(settings, told)


async def read_until(terminal: aiohttp.ClientWebSocketResponse, word: str) -> str:
    said = ""
    async with asyncio.timeout(60):
        async for message in terminal:
            if message.type is WORDS:
                kind, *words = json.loads(message.data)
                said += "".join(map(str, words)) if kind == "stdout" else ""
                if word in said:
                    break
    return said


def test_the_farewell_is_for_the_gateway_alone(settings: Settings, demo_register: Store) -> None:
    async def told(inside: Inside) -> None:
        assert (await inside.ask("sde/closing", "POST"))[0] == 403
        assert (await inside.ask("sde/closing", "GET", headers={HEADER: "1"}))[0] == 405
        socket = inside.spawner.places.server_socket
        assert await save_open_documents(socket, PREFIX) is True  # nobody is open

        async def lab(revision: str, unsaved: int) -> None:
            news = await inside.news(revision)
            said = {"lab": LAB, "closing": news["closing"], "saved": 1, "unsaved": unsaved}
            assert (await inside.ask("sde/saved", "POST", json=said))[0] == 204

        await asyncio.to_thread(write_notice, inside.spawner.places, NOTICE)
        for unsaved, expected in ((0, True), (1, False)):
            news = await inside.news()  # from now on the server knows that a Lab is open
            assert news["closing"] == 0
            open_lab = asyncio.create_task(lab(news["revision"], unsaved))
            assert await save_open_documents(socket, PREFIX) is expected
            await open_lab

    story(settings, told)


def test_a_server_that_is_told_to_end_has_its_labs_save_first(settings: Settings, demo_register: Store) -> None:
    async def told(inside: Inside) -> None:
        first = Process(*inside.spawner.get_state()["sandbox"]["first"])
        await asyncio.to_thread(write_notice, inside.spawner.places, NOTICE)
        waiting = asyncio.create_task(inside.news((await inside.news())["revision"]))
        for server in first.children():
            server.send(signal.SIGTERM)
        news = await waiting
        assert news["closing"] == 1
        said = {"lab": LAB, "closing": news["closing"], "saved": 1, "unsaved": 0}
        assert (await inside.ask("sde/saved", "POST", json=said))[0] == 204
        assert await asyncio.to_thread(wait_until, lambda: not first.is_alive, 60)

    story(settings, told)


NOT_UNDERSTOOD: tuple[tuple[str, str, Any], ...] = (
    ("GET", "sde/news?lab=short", None),
    ("GET", "sde/news", None),
    ("POST", "sde/saved", {"lab": LAB, "closing": -1, "saved": 0, "unsaved": 0}),
    ("POST", "sde/saved", {"lab": LAB, "closing": "1", "saved": 0, "unsaved": 0}),
    ("POST", "sde/saved", ["no object"]),
    ("POST", "sde/active", {"lab": "../../etc"}),
    ("POST", "sde/check", {"lab": "short", "paths": ["table.csv"]}),
    ("POST", "sde/check", {"lab": LAB}),
    ("POST", "sde/check", {"lab": LAB, "paths": []}),
    ("POST", "sde/check", {"lab": LAB, "paths": ["../x.csv"]}),
    ("POST", "sde/check", {"lab": LAB, "paths": ["/etc/passwd"]}),
    ("POST", "sde/check", {"lab": LAB, "paths": [5]}),
)


def test_what_is_not_understood_and_who_is_not_signed_in_is_refused(settings: Settings, demo_register: Store) -> None:
    async def told(inside: Inside) -> None:
        for method, path, body in NOT_UNDERSTOOD:
            assert (await inside.ask(path, method, json=body))[0] == 400, path
        nobody = {"Authorization": "token wrong"}
        assert (await inside.ask(f"sde/news?lab={LAB}", headers=nobody))[0] == 403
        assert (await inside.ask("sde/active", "POST", json={"lab": LAB}, headers=nobody))[0] == 403

    story(settings, told)


def test_a_notice_is_news_at_once(settings: Settings, demo_register: Store) -> None:
    async def told(inside: Inside) -> None:
        waiting = asyncio.create_task(inside.news())
        await asyncio.to_thread(write_notice, inside.spawner.places, NOTICE)
        news = await asyncio.wait_for(waiting, 10)
        assert [one["text"] for one in news["notices"]] == ["Nearly full."]

    story(settings, told)


def test_what_a_lab_asks_by_itself_is_no_use_of_the_workspace(settings: Settings, demo_register: Store) -> None:
    async def told(inside: Inside) -> None:
        before = await inside.last_activity()
        for path in ("api/contents", "api/sessions", "api/kernels", "api/kernelspecs", "lab", f"sde/news?lab={LAB}"):
            assert (await inside.ask(path))[0] == 200, path
        assert await inside.last_activity() == before
        assert (await inside.ask("sde/active", "POST", json={"lab": LAB}))[0] == 204
        used = await inside.last_activity()
        assert used > before
        saved = await inside.ask("api/contents/a.txt", "PUT", json={"type": "file", "format": "text", "content": "a"})
        assert saved[0] == 201, saved
        assert await inside.last_activity() > used

    story(settings, told)


def test_a_busy_kernel_is_use_all_the_time(settings: Settings, demo_register: Store) -> None:
    async def told(inside: Inside) -> None:
        kernel = json.loads((await inside.ask("api/kernels", "POST", json={"name": "python3"}))[1])["id"]
        async with inside.session.ws_connect(f"http://x{PREFIX}api/kernels/{kernel}/channels") as channels:
            content = {"code": "import time; time.sleep(4)", "silent": False, "store_history": False}
            header = {"msg_id": "1", "msg_type": "execute_request", "username": "", "session": "s", "version": "5.3"}
            message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
            await channels.send_json(message)
            async with asyncio.timeout(30):
                while json.loads((await inside.ask(f"api/kernels/{kernel}"))[1])["execution_state"] != "busy":
                    await asyncio.sleep(0.05)
            first = await inside.last_activity()
            await asyncio.sleep(0.2)
            assert await inside.last_activity() > first

    story(settings, told)
