"""How much leaves a workspace in a day: counted whatever the way, told at the alarm, stopped at the cap."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import select

from governance.clock import today
from governance.registry.traffic import ALARM, CAP, out_bytes_of_day
from governance.settings import Settings, load_settings
from governance.store import Store
from governance.store.audit_log import AuditEvent
from hub.edge import meter, traffic
from hub.edge.table import Workspace
from hub.names import places_of
from hub.notices import read_notices
from tests.support import edge_lab
from tests.support.edge_lab import PREFIX, Lab, in_lab
from tests.support.gateway import free_port

ALARM_BYTES, CAP_BYTES = 100_000, 400_000
OURS = Workspace("researcher-a", "gi-bleed")


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDE_PORT", str(free_port()))
    monkeypatch.setenv("SDE_TRAFFIC_ALARM_BYTES", str(ALARM_BYTES))
    monkeypatch.setenv("SDE_TRAFFIC_CAP_BYTES", str(CAP_BYTES))
    monkeypatch.setattr(meter, "RECORD_SECONDS", 0.1)
    return load_settings()


@pytest.fixture(autouse=True)
def _register(demo_register: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has the demonstration's register, and a workspace with much to tell."""
    usual = edge_lab.workspace_answer

    async def answer(request: web.Request) -> web.StreamResponse:
        if "/bytes/" in request.path:
            return web.Response(body=bytes(int(request.path.rsplit("/", 1)[1])))
        if request.path.endswith("/hidden"):
            return web.Response(headers={f"ETag{'' if n == 0 else n}": "x" * 8000 for n in range(4)})
        return await usual(request)

    monkeypatch.setattr(edge_lab, "workspace_answer", answer)


async def status(lab: Lab, path: str) -> tuple[int, int]:
    """The status, and how many bytes of the body came."""
    got = 0
    try:
        async with lab.client.get(f"{lab.url}{PREFIX}{path}") as answer:
            async for chunk in answer.content.iter_any():
                got += len(chunk)
            return answer.status, got
    except aiohttp.ClientError:
        return 0, got


def recorded(store: Store, day: date | None = None) -> int:
    with store.reading() as session:
        return out_bytes_of_day(session, OURS.subject, OURS.project, day or today())


def events(store: Store, name: str) -> list[str]:
    with store.reading() as session:
        return list(session.scalars(select(AuditEvent.detail).where(AuditEvent.event == name)))


async def until(happened: object) -> None:
    assert callable(happened)
    async with asyncio.timeout(20):
        while not happened():
            await asyncio.sleep(0.05)


def test_the_alarm_is_told_once_and_the_lab_says_so(settings: Settings, store: Store) -> None:
    places_of(settings.folder, OURS.subject, OURS.project).hub_folder.mkdir(parents=True)

    async def story(lab: Lab) -> None:
        for _ in range(4):
            assert await status(lab, "bytes/40000") == (200, 40_000)
        await until(lambda: events(store, ALARM))
        await status(lab, "bytes/40000")

    in_lab(settings, story)
    (told,) = events(store, ALARM)
    assert json.loads(told)["subject"] == OURS.subject
    (notice,) = read_notices(places_of(settings.folder, OURS.subject, OURS.project))
    assert (notice.kind, notice.tone, notice.until) == (
        "traffic",
        "warning",
        f"{today() + timedelta(days=1)}T00:00:00+00:00",
    )
    assert events(store, CAP) == []
    assert 200_000 < recorded(store) < 210_000


def test_one_large_answer_stops_at_the_cap_and_nothing_follows(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        code, got = await status(lab, "bytes/5000000")
        assert code == 0 and got <= CAP_BYTES
        async with lab.client.get(f"{lab.url}{PREFIX}lab", headers={"Accept": "text/html"}) as page:
            text = await page.text()
            assert page.status == 429 and "traffic-cap-reached" in text
            assert f"{today() + timedelta(days=1)}, 00:00 UTC" in text and "airlock" in text
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await lab.client.ws_connect(f"{lab.url}{PREFIX}api/kernels/1/channels")
        async with lab.client.get(f"{lab.url}/hub/home", allow_redirects=False) as other:
            assert other.status == 302  # the rest of the gateway is open
        await until(lambda: events(store, CAP))

    in_lab(settings, story)
    assert len(events(store, CAP)) == 1


@pytest.mark.parametrize("path", ["static/lab/main.js", "lab/extensions/x/static/y.js", "api/contents/a.csv"])
def test_a_hostile_server_hides_nothing_behind_static_addresses(settings: Settings, store: Store, path: str) -> None:
    async def story(lab: Lab) -> None:
        for _ in range(20):
            await status(lab, f"{path}/bytes/50000")
        assert (await status(lab, path))[0] == 429

    in_lab(settings, story)


def test_bytes_hidden_in_heads_and_in_many_small_answers_count(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        passed = 0
        while (await status(lab, "hidden"))[0] == 200:
            passed += 1
        assert 10 < passed < 60  # ETag alone passes: 8 kB each

    in_lab(settings, story)


def test_parallel_answers_share_one_cap(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        answers = await asyncio.gather(*(status(lab, "bytes/200000") for _ in range(20)))
        assert sum(got for _, got in answers) <= CAP_BYTES

    in_lab(settings, story)


def test_a_websocket_that_never_ends_ends_at_the_cap(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        url = f"{lab.url}{PREFIX}api/kernels/1/channels"
        async with lab.client.ws_connect(url) as quiet, lab.client.ws_connect(url) as busy:
            got = 0
            await busy.send_bytes(bytes(30_000))
            while (message := await busy.receive(timeout=20)).type is aiohttp.WSMsgType.BINARY:
                got += len(message.data)
                await busy.send_bytes(bytes(30_000))
            assert busy.close_code in (1008, 1006) and got <= CAP_BYTES
            assert (await quiet.receive(timeout=20)).type is aiohttp.WSMsgType.CLOSE
            assert quiet.close_code == 1008

    in_lab(settings, story)


def test_a_restart_goes_on_from_the_record(settings: Settings, store: Store) -> None:
    async def first(lab: Lab) -> None:
        assert (await status(lab, "bytes/300000"))[0] == 200

    async def second(lab: Lab) -> None:
        assert (await status(lab, "bytes/200000"))[1] <= 100_000

    async def third(lab: Lab) -> None:
        assert (await status(lab, "lab"))[0] == 429

    in_lab(settings, first)
    assert 300_000 < recorded(store) < 302_000
    in_lab(settings, second)
    in_lab(settings, third)
    assert (len(events(store, ALARM)), len(events(store, CAP))) == (1, 1)


def test_a_crash_loses_no_more_than_the_last_moment(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        await status(lab, "bytes/50000")
        await until(lambda: recorded(store) > 50_000)  # without any stop of the edge

    in_lab(settings, story)


def test_a_register_that_cannot_be_written_loses_no_count(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    async def story(lab: Lab) -> None:
        with monkeypatch.context() as while_full:
            while_full.setattr(meter, "add_traffic", broken)
            await status(lab, "bytes/350000")
            await asyncio.sleep(0.3)
            await status(lab, "bytes/350000")
            assert (await status(lab, "lab"))[0] == 429  # the cap needs no disk
        await until(lambda: recorded(store) > CAP_BYTES)

    in_lab(settings, story)


def test_midnight_opens_the_workspace_again(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tomorrow = today() + timedelta(days=1)

    async def story(lab: Lab) -> None:
        await status(lab, "bytes/5000000")
        assert (await status(lab, "lab"))[0] == 429
        monkeypatch.setattr(traffic, "today", lambda: tomorrow)
        assert (await status(lab, "bytes/1000"))[0] == 200
        await until(lambda: 1000 < recorded(store, tomorrow) < 2000)

    in_lab(settings, story)


def test_uploads_are_counted_and_do_not_use_up_the_cap(settings: Settings, store: Store) -> None:
    async def story(lab: Lab) -> None:
        for _ in range(3):
            async with lab.client.put(f"{lab.url}{PREFIX}api/204", data=bytes(300_000)) as answer:
                assert answer.status == 204

    in_lab(settings, story)
    (told,) = events(store, "workspace.traffic-counted")
    assert json.loads(told)["into_bytes"] == 900_000
