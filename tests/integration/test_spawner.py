"""The spawner with real workspaces: gate, start, restart of the hub, orphans, end. Only the hub is a small stand-in."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from jupyterhub.spawner import SpawnException
from sqlalchemy import select

from governance.registry import remove_member
from governance.settings import Settings
from governance.store import Store
from governance.store.channels import Channel
from hub.processes import Process, wait_until
from hub.sandbox_process import is_held
from hub.spawner import BubblewrapSpawner
from hub.workspace_image import ImageProfile
from tests.support.lone_hub import LoneHub

pytestmark = pytest.mark.slow

PERSON, PROJECT, TOKEN = "researcher-a", "gi-bleed", "a-token-of-the-hub"
PREFIX = f"/user/{PERSON}/{PROJECT}"


@pytest.fixture
def hub(settings: Settings, demo_register: Store) -> LoneHub:
    return LoneHub(settings, PERSON, PROJECT, TOKEN)


def with_hub(hub: LoneHub, story: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        async with hub.listening():
            await story()

    asyncio.run(run())


async def ask(spawner: BubblewrapSpawner, path: str, method: str = "GET") -> tuple[int, str]:
    connector = aiohttp.UnixConnector(path=str(spawner.places.server_socket))
    headers = {"Authorization": f"token {TOKEN}"}
    async with (
        aiohttp.ClientSession(connector=connector, headers=headers) as session,
        session.request(method, f"http://workspace{PREFIX}{path}", allow_redirects=False) as answer,
    ):
        return answer.status, await answer.text()


def open_channels(store: Store) -> list[Channel]:
    with store.reading() as session:
        return list(session.scalars(select(Channel).where(Channel.closed_at.is_(None))))


def processes(spawner: BubblewrapSpawner) -> list[Process]:
    held = spawner.get_state()["sandbox"]
    return [Process(*held["outer"]), Process(*held["first"])]


def test_a_workspace_starts_serves_and_ends(hub: LoneHub, demo_register: Store) -> None:
    async def story() -> None:
        spawner = hub.spawner()
        url = await spawner.start()
        try:
            assert url.startswith("http+unix://%2F")
            assert url == url.replace("%2f", "%2F")
            assert await spawner.poll() is None
            assert (await ask(spawner, "/api/status"))[0] == 200
            assert (await ask(spawner, "/lab"))[0] == 200
            assert "first-steps.ipynb" in (await ask(spawner, "/api/contents"))[1]
            for closed in (
                "/files/first-steps.ipynb",
                "/nbconvert/html/first-steps.ipynb",
                "/api/terminals",
                "/terminals/1",
            ):
                assert (await ask(spawner, closed))[0] == 403, closed
            assert ("GET", "/hub/api") in hub.requests
            [channel] = open_channels(demo_register)
            assert (channel.subject, channel.project_slug, channel.kind) == (PERSON, PROJECT, "hub")
            steps = [step async for step in spawner.progress()]
            assert [step["progress"] for step in steps] == sorted(step["progress"] for step in steps)
            assert TOKEN not in str(spawner.get_state())
            assert TOKEN not in spawner.places.log.read_text()
            held = processes(spawner)
        finally:
            await spawner.stop()
        assert await spawner.poll() == 0
        assert not any(process.is_alive for process in held)
        assert open_channels(demo_register) == []
        assert not spawner.places.guard_socket.exists()
        assert not spawner.places.server_socket.exists()
        assert "sandbox" not in spawner.get_state()

    with_hub(hub, story)


def test_a_kernel_runs_inside(hub: LoneHub) -> None:
    async def story() -> None:
        spawner = hub.spawner()
        await spawner.start()
        try:
            status, _ = await ask(spawner, "/api/kernels", method="POST")
            assert status == 201
            names = [child.pid for child in processes(spawner)[1].children()]
            assert names
        finally:
            await spawner.stop()

    with_hub(hub, story)


def test_a_workspace_outlives_the_hub_and_is_found_again(hub: LoneHub, demo_register: Store) -> None:
    async def story() -> None:
        before = hub.spawner()
        await before.start()
        state = before.get_state()
        assert before._relay is not None
        await before._relay.close()  # what is left of a hub that ended: no listeners

        after = hub.spawner()
        after.load_state(state)
        try:
            assert await after.poll() is None
            assert after.places.guard_socket.exists()  # the relay listens again
            assert (await ask(after, "/api/status"))[0] == 200
            assert len(open_channels(demo_register)) == 1
        finally:
            await after.stop()
        assert await after.poll() == 0
        assert open_channels(demo_register) == []

    with_hub(hub, story)


def test_a_workspace_that_no_record_names_is_ended_before_the_next_starts(hub: LoneHub) -> None:
    async def story() -> None:
        forgotten = hub.spawner()
        await forgotten.start()
        assert forgotten._relay is not None
        await forgotten._relay.close()
        older = processes(forgotten)

        fresh = hub.spawner()
        await fresh.start()
        try:
            assert not any(process.is_alive for process in older)
            assert await fresh.poll() is None
        finally:
            await fresh.stop()
        assert not is_held(fresh.places.lock)

    with_hub(hub, story)


def test_a_server_that_falls_is_noticed_and_its_channel_closed(hub: LoneHub, demo_register: Store) -> None:
    async def story() -> None:
        spawner = hub.spawner()
        await spawner.start()
        first = processes(spawner)[1]
        first.send(signal.SIGKILL)
        assert wait_until(lambda: not first.is_alive, 30)
        for _ in range(600):
            if await spawner.poll() is not None:
                break
            await asyncio.sleep(0.05)
        assert await spawner.poll() == 0
        assert open_channels(demo_register) == []
        with pytest.raises(aiohttp.ClientError):
            await ask(spawner, "/api/status")

    with_hub(hub, story)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2, 0.6])
def test_a_start_that_is_given_up_leaves_nothing(hub: LoneHub, demo_register: Store, seconds: float) -> None:
    async def story() -> None:
        spawner = hub.spawner()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(spawner.start(), seconds)
        assert await spawner.poll() == 0
        assert not is_held(spawner.places.lock)
        assert open_channels(demo_register) == []

    with_hub(hub, story)


@pytest.mark.parametrize("project", ["respiratory", "no-such-project"])
def test_nothing_starts_without_a_membership(settings: Settings, demo_register: Store, project: str) -> None:
    def check(spawner: BubblewrapSpawner, exception: Any) -> None:
        assert (exception.status_code, exception.reason) == (403, "not-a-member")
        assert not spawner.places.home.exists()
        assert open_channels(demo_register) == []

    _refused(LoneHub(settings, PERSON, project, TOKEN), check)


def test_nothing_starts_once_the_membership_is_removed(hub: LoneHub, demo_register: Store) -> None:
    remove_member(demo_register, actor="admin", slug=PROJECT, subject=PERSON)

    def check(spawner: BubblewrapSpawner, exception: Any) -> None:
        assert exception.status_code == 403
        assert "not a member" in exception.message

    _refused(hub, check)


def test_there_is_no_default_server(settings: Settings, demo_register: Store) -> None:
    def check(spawner: BubblewrapSpawner, exception: Any) -> None:
        assert (exception.status_code, exception.reason) == (403, "no-default-server")

    _refused(LoneHub(settings, PERSON, "", TOKEN), check)


def _refused(
    hub: LoneHub, check: Callable[[BubblewrapSpawner, Any], None], options: dict[str, Any] | None = None
) -> None:
    async def story() -> None:
        spawner = hub.spawner()
        spawner.user_options = options or {}
        with pytest.raises(SpawnException) as caught:
            await spawner.start()
        assert await spawner.poll() == 0
        check(spawner, caught.value)

    with_hub(hub, story)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"image": "julia"}, "unknown-image"),
        ({"image": "../python"}, "unknown-image"),
        ({"image": ["python"]}, "unknown-image"),
        ({"image": None}, "unknown-image"),
    ],
)
def test_nothing_starts_with_an_image_that_is_not_listed(
    hub: LoneHub, demo_register: Store, options: dict[str, Any], reason: str
) -> None:
    def check(spawner: BubblewrapSpawner, exception: Any) -> None:
        assert (exception.status_code, exception.reason) == (403, reason)
        assert not spawner.places.home.exists()
        assert open_channels(demo_register) == []

    _refused(hub, check, options)


def test_nothing_starts_with_an_image_that_is_not_installed(
    hub: LoneHub, demo_register: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageProfile, "is_installed", property(lambda image: image.name == "python"))

    def check(spawner: BubblewrapSpawner, exception: Any) -> None:
        assert (exception.status_code, exception.reason) == (403, "image-not-installed")
        assert open_channels(demo_register) == []

    _refused(hub, check, {"image": "r"})
