"""Limits on clients of the edge: how often they sign in, whose word about an address counts, how slow they may be."""

from __future__ import annotations

import asyncio

import pytest

from governance.settings import Settings, load_settings
from governance.store import Store
from hub.edge import forward
from tests.support.edge_lab import PREFIX, Lab, in_lab
from tests.support.gateway import BROWSER, free_port

PER_MINUTE = 5


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDE_PORT", str(free_port()))
    monkeypatch.setenv("SDE_SIGN_INS_PER_MINUTE", str(PER_MINUTE))
    return load_settings()


@pytest.fixture(autouse=True)
def _register(demo_register: Store) -> None:
    """Every test has the demonstration's register."""


async def statuses(lab: Lab, path: str, number: int, **headers: str) -> list[int]:
    found = []
    for _ in range(number):
        async with lab.client.get(lab.url + path, headers=headers, allow_redirects=False) as answer:
            found.append(answer.status)
    return found


def test_too_many_sign_ins_get_a_page_that_says_when_to_come_back(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        for path in ("/hub/oauth_login?next=x", "/hub/oauth_callback?code=guessed&state=guessed"):
            codes = await statuses(lab, path, 3 * PER_MINUTE)
            assert codes.count(200) in range(PER_MINUTE, 2 * PER_MINUTE + 1) and codes[-1] == 429
        async with lab.client.get(f"{lab.url}/hub/oauth_login", headers=BROWSER) as page:
            assert page.status == 429 and 1 <= int(page.headers["Retry-After"]) <= 60
            assert "Wait a minute" in await page.text()
        assert await statuses(lab, "/hub/static/x.css", 20) == [200] * 20
        assert await statuses(lab, f"{PREFIX}lab", 20) == [200] * 20

    in_lab(settings, story)


def test_a_client_cannot_make_itself_another(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        codes = []
        for number in range(3 * PER_MINUTE):
            codes += await statuses(lab, "/hub/login", 1, **{"X-Forwarded-For": f"192.0.2.{number}"})
        assert codes[-1] == 429

    in_lab(settings, story)


def test_a_named_proxy_says_who_its_clients_are(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDE_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8")

    async def told(lab: Lab, said: str) -> str:
        async with lab.client.get(f"{lab.url}{PREFIX}lab", headers={"X-Forwarded-For": said}) as answer:
            return str((await answer.json())["headers"]["X-Forwarded-For"])

    async def story(lab: Lab) -> None:
        for number in range(3 * PER_MINUTE):
            client = f"198.51.100.7, 192.0.2.{number}"  # the first is the client's own lie
            assert await statuses(lab, "/hub/login", 1, **{"X-Forwarded-For": client}) == [200]
        assert (await statuses(lab, "/hub/login", 3 * PER_MINUTE, **{"X-Forwarded-For": "198.51.100.7"}))[-1] == 429
        assert await told(lab, "203.0.113.5, 192.0.2.1, 10.1.2.3") == "192.0.2.1"
        assert await told(lab, "192.0.2.1, nonsense") == "127.0.0.1"

    in_lab(load_settings(), story)


def test_an_upload_that_trickles_is_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "SLOW_SECONDS", 0.3)

    async def story(lab: Lab) -> None:
        host, port = lab.url.removeprefix("http://").split(":")
        for pause in (0.1, 5.0):  # byte by byte, and not at all
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"{lab.head(f'PUT {PREFIX}api/x')}Content-Length: 999\r\n\r\n".encode())

            async def trickle(writer: asyncio.StreamWriter, pause: float) -> None:
                while True:
                    writer.write(b"x")
                    await asyncio.sleep(pause)

            trickling = asyncio.create_task(trickle(writer, pause))
            answer = await asyncio.wait_for(reader.read(4096), 20)
            trickling.cancel()
            writer.close()
            assert answer == b"" or int(answer.split(b" ")[1]) in (408, 503)

    in_lab(settings, story)


def test_a_browser_that_takes_nothing_is_let_go(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "STALL_SECONDS", 0.5)

    async def story(lab: Lab) -> None:
        host, port = lab.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1024)
        writer.write(f"{lab.head(f'GET {PREFIX}flood')}\r\n".encode())
        async with asyncio.timeout(30):
            while not lab.edge.flows._open:
                await asyncio.sleep(0.05)
            while lab.edge.flows._open:
                await asyncio.sleep(0.05)
        writer.transport.abort()

    in_lab(settings, story)


def test_a_client_that_says_nothing_is_let_go(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.edge import server

    monkeypatch.setitem(server.SERVER_OPTIONS, "keepalive_timeout", 0.5)

    async def story(lab: Lab) -> None:
        host, port = lab.url.removeprefix("http://").split(":")
        for beginning in (b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(beginning)
            assert await asyncio.wait_for(reader.read(), 20) == b""
            writer.close()

    in_lab(settings, story)
