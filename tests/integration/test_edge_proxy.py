"""The edge in front of real servers on unix sockets: what passes, what does not, and what is counted."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import WSMsgType
from sqlalchemy import select
from yarl import URL

from governance.registry import remove_member
from governance.settings import Settings, load_settings
from governance.store import Store
from governance.store.audit_log import AuditEvent
from hub.edge import pages
from hub.edge.table import make_route
from tests.support.edge_lab import OWNER, PREFIX, Lab, in_lab
from tests.support.gateway import free_port

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

BROWSER = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDE_PORT", str(free_port()))
    return load_settings()


@pytest.fixture(autouse=True)
def _register(demo_register: Store) -> None:
    """Every test has the demonstration's register."""


def test_a_request_reaches_the_workspace_as_it_was_sent(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        sent = {"X-SDE-Channel": "forged", "X-Forwarded-For": "198.51.100.9", "X-XSRFToken": "t"}
        path = f"{PREFIX}api/contents/a%20b.csv?content=1&x=%2Fy"
        async with lab.client.put(URL(lab.url + path, encoded=True), data=b"body", headers=sent) as answer:
            found = await answer.json()
        assert answer.status == 200
        assert (found["path"], found["body"]) == (path, "body")
        assert found["headers"]["X-XSRFToken"] == "t"
        assert found["headers"]["X-Forwarded-For"] == "127.0.0.1"
        assert "X-SDE-Channel" not in found["headers"]

    in_lab(settings, story)


def test_the_answer_of_a_hostile_workspace_is_disarmed(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.get(f"{lab.url}{PREFIX}lab") as answer:
            assert not {"Content-Disposition", "Service-Worker-Allowed", "Set-Cookie"} & set(answer.headers)
            assert answer.headers["Server"] == "sde-gateway"
            assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"

    in_lab(settings, story)


@pytest.mark.parametrize(
    "below",
    [
        "files/a.csv",
        "/files/a.csv",
        "%66iles/a.csv",
        "%2566iles/a.csv",
        "lab/../files/a.csv",
        "lab/%2e%2e/files/a.csv",
        "lab/%252e%252e/files/a.csv",
        "lab%2f..%2ffiles/a.csv",
        "files%5ca.csv",
        "nbconvert/csv/a.ipynb",
        "terminals/1",
        "api/terminals",
        "..",
        "%00",
    ],
)
def test_no_way_around_the_rules_reaches_the_workspace(settings: Settings, below: str) -> None:
    async def story(lab: Lab) -> None:
        host = lab.url.removeprefix("http://")
        for method in ("GET", "HEAD", "POST"):
            head = (
                f"{method} {PREFIX}{below} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            status = int((await lab.raw(head)).split(" ", 2)[1])
            assert status in (400, 403)
        assert lab.seen == []

    in_lab(settings, story)


@pytest.mark.parametrize(
    "head",
    [
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbodyy",
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: +4\r\n\r\nbody",
        "GET {path} HTTP/1.1\r\nHost : {host}\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nX: " + "y" * 9000 + "\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n" + "X: y\r\n" * 200 + "\r\n",
        "GET http://elsewhere.example{path} HTTP/1.1\r\nHost: {host}\r\n\r\n",
    ],
)
def test_requests_that_two_servers_could_read_differently_are_refused(settings: Settings, head: str) -> None:
    async def story(lab: Lab) -> None:
        answer = await lab.raw(head.format(path=f"{PREFIX}lab", host=lab.url.removeprefix("http://")))
        assert answer.split(" ", 2)[1] == "400"
        assert lab.seen == []

    in_lab(settings, story)


def test_another_host_name_is_sent_home(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        rebound = {"Host": "attacker.example"}
        async with lab.client.get(f"{lab.url}{PREFIX}lab?x=1", headers=rebound, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (307, f"{lab.url}{PREFIX}lab?x=1")
        async with lab.client.post(f"{lab.url}{PREFIX}lab", headers=rebound) as answer:
            assert answer.status == 421
        assert lab.seen == []

    in_lab(settings, story)


def test_no_other_site_and_no_workspace_page_acts_in_a_persons_name(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        portal = f"{lab.url}/services/portal/egress"
        same, inside = {"Sec-Fetch-Site": "same-origin"}, f"{lab.url}{PREFIX}lab"
        refused = [
            ("POST", portal, {"Origin": "https://attacker.example"}),
            ("POST", portal, {"Origin": "null"}),
            ("POST", portal, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
            ("POST", portal, {**same, "Sec-Fetch-Mode": "cors", "Referer": inside}),
            ("POST", portal, {**same, "Sec-Fetch-Mode": "navigate", "Referer": inside}),
            ("POST", portal, {**same, "Sec-Fetch-Mode": "navigate"}),
            ("GET", portal, {**same, "Sec-Fetch-Mode": "cors", "Referer": inside}),
            ("GET", portal, {**same, "Sec-Fetch-Mode": "cors"}),
            ("GET", f"{lab.url}/hub/home/x", {**same, "Sec-Fetch-Mode": "no-cors", "Referer": inside}),
        ]
        heard = [
            ("POST", portal, {**same, "Sec-Fetch-Mode": "navigate", "Referer": portal, "Origin": lab.url}),
            ("GET", portal, {**same, "Sec-Fetch-Mode": "navigate", "Referer": inside}),
            ("GET", portal, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
            ("GET", f"{lab.url}/services/portal/static/style.css", {**same, "Sec-Fetch-Mode": "no-cors"}),
            ("POST", portal, {}),
        ]
        for requests, expected in ((refused, 403), (heard, 200)):
            for method, url, headers in requests:
                async with lab.client.request(method, url, headers=headers) as answer:
                    assert answer.status == expected, (method, url, headers)

    in_lab(settings, story)


def test_a_workspace_cannot_install_a_service_worker(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.get(f"{lab.url}{PREFIX}static/w.js", headers={"Service-Worker": "script"}) as answer:
            assert answer.status == 403

    in_lab(settings, story)


def test_a_websocket_passes_both_ways_and_is_counted(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        protocol = "v1.kernel.websocket.jupyter.org"
        url = f"{lab.url}{PREFIX}api/kernels/1/channels"
        async with lab.client.ws_connect(url, protocols=(protocol,), origin=lab.url) as channel:
            assert channel.protocol == protocol
            await channel.send_str("h\u00e9llo")
            assert (await channel.receive_str(timeout=5)) == "h\u00e9llo"
            await channel.send_bytes(b"x" * 100_000)
            assert len(await channel.receive_bytes(timeout=5)) == 100_000
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await lab.client.ws_connect(url, origin="https://attacker.example")

    in_lab(settings, story)
    with store.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.event == "workspace.traffic-counted")).one()
    assert (event.actor, event.project) == ("service:edge", "gi-bleed")
    told = json.loads(event.detail)
    assert (told["subject"], told["requests"]) == ("researcher-a", 1)
    for passed in (told["out_bytes"], told["into_bytes"]):  # with the headers of frames, and closing
        assert 100_006 < passed < 100_500


def test_a_membership_that_ends_closes_the_workspace_at_once(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        url = f"{lab.url}{PREFIX}api/kernels/1/channels"
        async with lab.client.ws_connect(url) as channel:
            await channel.send_str("before")
            assert await channel.receive_str(timeout=5) == "before"
            remove_member(store, actor="admin", slug="gi-bleed", subject="researcher-a")
            assert (await channel.receive(timeout=5)).type is WSMsgType.CLOSE
        async with lab.client.get(f"{lab.url}{PREFIX}lab", headers={"Accept": "application/json"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "not-a-member")

    in_lab(settings, story)


def test_an_answer_is_streamed_and_a_broken_one_stays_broken(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.get(f"{lab.url}{PREFIX}slow") as answer:
            assert await answer.content.readany() == b"part 0\n"
            assert (await answer.read()).endswith(b"part 2\n")
        with pytest.raises(aiohttp.ClientError):
            async with lab.client.get(f"{lab.url}{PREFIX}breaks") as answer:
                await answer.read()

    in_lab(settings, story)


def test_packed_and_empty_answers_pass_unchanged(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.get(f"{lab.url}{PREFIX}packed") as answer:
            assert (answer.headers["Content-Encoding"], answer.headers["ETag"]) == ("gzip", '"1"')
            assert gzip.decompress(await answer.read()) == b"packed"
        async with lab.client.head(f"{lab.url}{PREFIX}packed") as answer:
            assert (answer.status, await answer.read()) == (200, b"")
            assert int(answer.headers["Content-Length"]) > 0
        for status in (204, 304):
            async with lab.client.get(f"{lab.url}{PREFIX}{status}") as answer:
                assert (answer.status, await answer.read()) == (status, b"")
        packed = {"Content-Encoding": "gzip"}
        async with lab.client.post(f"{lab.url}{PREFIX}lab", data=gzip.compress(b"in"), headers=packed) as answer:
            assert (await answer.json())["headers"]["Content-Encoding"] == "gzip"

    in_lab(settings, story)


def test_a_large_body_is_refused_with_and_without_a_length(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"x" * 2**20

    async def story(lab: Lab) -> None:
        url = f"{lab.url}{PREFIX}api/contents/big"
        head = f"PUT {PREFIX}big HTTP/1.1\r\nHost: {lab.url.removeprefix('http://')}\r\nContent-Length: {2**40}\r\n\r\n"
        assert (await lab.raw(head)).split(" ", 2)[1] == "413"
        assert lab.seen == []
        try:
            async with lab.client.put(url, data=pieces()) as answer:
                assert answer.status == 413
        except aiohttp.ClientConnectionError:  # the edge closed the connection while the client was still sending
            pass

    in_lab(settings, story)


def test_a_service_that_is_away_is_said_kindly(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        for url in (f"{lab.url}/services/airlock/review", f"{lab.url}/provider/oauth2/authorize"):
            async with lab.client.get(url, headers=BROWSER) as answer:
                text = await answer.text()
                assert (answer.status, answer.headers["Retry-After"]) == (503, str(pages.RETRY_SECONDS))
                assert "Try again in a moment." in text and "<main" in text
            async with lab.client.get(url, headers={"Accept": "application/json"}) as answer:
                assert (await answer.json())["code"] == "not-running"

    in_lab(settings, story)


def test_the_start_page_is_the_portal(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        for path in ("/", "/hub/home", "/hub/token"):
            async with lab.client.get(lab.url + path, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (302, "/services/portal/")
        async with lab.client.get(URL(f"{lab.url}/hub/login?next=%2Fhub%2F", encoded=True)) as answer:
            assert (await answer.json())["hub"] == "/hub/login?next=%2Fhub%2F"

    in_lab(settings, story)


def test_a_route_that_is_gone_falls_back_to_the_hub(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.get(f"{lab.url}{PREFIX}lab") as answer:
            assert answer.status == 200
        gone = lab.edge.table.remove(PREFIX)
        assert gone is not None
        await lab.edge.forget(gone)
        async with lab.client.get(f"{lab.url}{PREFIX}lab") as answer:
            assert (await answer.json())["hub"] == f"{PREFIX}lab"

    in_lab(settings, story)
    with store.reading() as session:
        assert session.scalar(select(AuditEvent).where(AuditEvent.event == "workspace.traffic-counted")) is not None


@pytest.mark.parametrize("target", ["http://127.0.0.1:8888", "https://elsewhere.example", "file:///etc/passwd"])
def test_only_unix_sockets_are_routed_to(target: str) -> None:
    with pytest.raises(ValueError):
        make_route("/user/a/b/", target, OWNER)
