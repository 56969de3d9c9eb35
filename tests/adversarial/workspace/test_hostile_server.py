"""A notebook server that code in a kernel has replaced answers the hub: it may lie, never end, or say too much.

What talks to it is real: the farewell before a stop, the spawner's first question and JupyterHub's own check.
"""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from jupyterhub.utils import wait_for_http_server

from governance.settings import Settings
from hub.farewell import FAREWELL_SECONDS, save_open_documents
from hub.names import WorkspacePlaces, places_of, socket_url
from hub.spawner import _ask
from tests.support.lone_hub import LoneHub

pytestmark = pytest.mark.slow

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LIMIT = 64 * 2**20


def said(*parts: bytes, wait: float = 0.0) -> Answer:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(wait)

    return answer


async def without_end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


NESTED = b"[" * 4000
HOSTILE: dict[str, Answer] = {
    "silence": silent,
    "a body without end": without_end,
    "a drip": said(*([b"H"] * 600), wait=0.05),
    "brackets without end": said(OK + b"Content-Length: %d\r\n\r\n" % len(NESTED) + NESTED),
    "a number with 4000 digits": said(OK + b"Content-Length: 4000\r\n\r\n" + b"9" * 4000),
    "no JSON": said(OK + b"Content-Length: 3\r\n\r\n\xff\xfe\x00"),
    "a header without end": said(OK + b"X: " + b"x" * 10_000_000),
    "headers without end": said(OK + b"".join(b"X%d: x\r\n" % number for number in range(200_000))),
    "another place": said(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
    "no HTTP": said(b"\x00" * 100_000),
    "an early end": said(OK + b"Content-Length: 100\r\n\r\n{"),
    "a small packed body": said(OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x8b\x08\x00\x00"),
}


@pytest.fixture
def places(settings: Settings) -> WorkspacePlaces:
    settings.folder.create()
    found = places_of(settings.folder, "researcher-a", "gi-bleed")
    found.server_folder.mkdir(parents=True)
    return found


def hostile(places: WorkspacePlaces, answer: Answer, ask: Callable[[], Awaitable[object]]) -> tuple[object, float, int]:
    """What came of asking, seconds, and how many bytes this process grew at its highest."""

    async def run() -> tuple[object, float]:
        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                await answer(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_unix_server(one, str(places.server_socket))
        began = time.monotonic()
        try:
            return await ask(), time.monotonic() - began
        finally:
            server.close()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, seconds = asyncio.run(run())
    return found, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


@pytest.mark.parametrize("name", HOSTILE)
def test_the_farewell_never_raises_nor_waits_long_nor_believes_it(places: WorkspacePlaces, name: str) -> None:
    found, seconds, grown = hostile(
        places, HOSTILE[name], lambda: save_open_documents(places.server_socket, "/user/researcher-a/gi-bleed/")
    )
    assert found is False
    assert seconds < FAREWELL_SECONDS + 2
    assert grown < LIMIT


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in ("silence", "a drip")])
def test_the_spawners_first_question_ends_and_stays_small(places: WorkspacePlaces, name: str) -> None:
    """Silence and a drip end with the hub's own start timeout, which cancels the question."""

    async def ask() -> object:
        try:
            async with asyncio.timeout(20):
                return await _ask(places, "/user/researcher-a/gi-bleed/api")
        except Exception as error:
            return type(error).__name__

    _, seconds, grown = hostile(places, HOSTILE[name], ask)
    assert seconds < 10
    assert grown < LIMIT


@pytest.mark.parametrize(
    "name", ["a body without end", "headers without end", "another place", "no HTTP", "an early end"]
)
def test_jupyterhubs_own_check_ends_and_stays_small(places: WorkspacePlaces, name: str) -> None:
    async def ask() -> object:
        try:
            answer = await wait_for_http_server(socket_url(places.server_socket, "/user/researcher-a/gi-bleed/"), 2)
            return answer.status
        except TimeoutError:
            return "timeout"

    _, seconds, grown = hostile(places, HOSTILE[name], ask)
    assert seconds < 10
    assert grown < LIMIT


class TestPlanted:
    def test_what_is_planted_in_the_home_does_not_run_in_the_server(
        self, settings: Settings, demo_register: object
    ) -> None:
        """Settings, start-up files and extensions that earlier code left in the home: none runs before the hub has
        seen the server of the image answer."""
        hub = LoneHub(settings, "researcher-a", "gi-bleed", "a-token-of-the-hub")

        async def story() -> list[str]:
            async with hub.listening():
                spawner = hub.spawner()
                await spawner.start()
                await spawner.stop()
                plant(spawner.places.home)
                spawner = hub.spawner()
                await spawner.start()
                try:
                    return sorted(file.name for file in spawner.places.home.glob("ran-*"))
                finally:
                    await spawner.stop()

        assert asyncio.run(story()) == []


def plant(home: Path) -> None:
    """As a kernel could; owned by the gateway here, which only makes them more readable."""
    program = "open('/home/researcher/ran-{name}', 'w').close()\n"
    server, python = program.format(name="server"), program.format(name="python")
    places = {
        ".jupyter/jupyter_server_config.py": server,
        ".jupyter/jupyter_config.py": server,
        ".jupyter/jupyterhub_config.py": server,
        ".jupyter/jupyter_lab_config.py": server,
        "jupyter_server_config.py": server,
        "jupyter_config.py": server,
        ".local/lib/python3.11/site-packages/usercustomize.py": python,
        ".local/lib/python3.11/site-packages/sitecustomize.py": python,
        ".local/lib/python3.11/site-packages/planted.pth": f"import os; {python}",
        "sitecustomize.py": python,
        "planted/__init__.py": python + "def _load_jupyter_server_extension(server): pass\n",
        ".jupyter/jupyter_server_config.d/planted.json": json.dumps(
            {"ServerApp": {"jpserver_extensions": {"planted": True}, "terminals_enabled": True}}
        ),
        ".jupyter/jupyter_server_config.json": json.dumps({"ServerApp": {"jpserver_extensions": {"planted": True}}}),
        ".jupyter/migrated": "",
        ".ipython/profile_default/startup/00.py": program.format(name="nothing"),
    }
    for name, text in places.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o644)
        for folder in file.relative_to(home).parents:
            (home / folder).chmod(0o755)
