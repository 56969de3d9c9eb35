"""The Docker spawner with all of ours real: register, gate, sidecar, entry point, notebook server. No engine is here:
a stand-in answers the client library, and a sandbox stands where a container would."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from docker.errors import APIError
from jupyterhub.spawner import SpawnException
from sqlalchemy import select

from governance.registry import remove_member
from governance.settings import Settings, load_settings
from governance.store import Store
from governance.store.channels import Channel
from hub.platforms.docker import GatedDockerSpawner
from tests.support.fake_engine import FakeEngine, fake_engine
from tests.support.gated import free_port, running_gate, until
from tests.support.lone_hub import LoneHub
from tests.support.node import Node

pytestmark = pytest.mark.slow

PERSON, PROJECT, TOKEN = "researcher-a", "gi-bleed", "a-token-of-the-hub"
DIGEST = "@sha256:" + "0" * 64


@pytest.fixture
def platform(settings: Settings, demo_register: Store) -> Settings:
    return load_settings(
        state=settings.state,
        workspace_platform="docker",
        gate_port=free_port(),
        image_python=f"sde/workspace-python{DIGEST}",
        image_sidecar=f"sde/sidecar{DIGEST}",
    )


@pytest.fixture
def short() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp())
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def node(short: Path) -> Node:
    return Node(short / "node", PERSON, PROJECT)


@pytest.fixture
def engine(short: Path, node: Node) -> Iterator[FakeEngine]:
    GatedDockerSpawner._client = None
    with fake_engine(short / "engine.sock", node.begin_docker) as made:
        yield made
    GatedDockerSpawner._client = None


@pytest.fixture
def hub(platform: Settings) -> LoneHub:
    return LoneHub(platform, PERSON, PROJECT, TOKEN)


def spawner_of(hub: LoneHub, short: Path) -> Any:
    return hub.spawner(GatedDockerSpawner, client_kwargs={"base_url": f"unix://{short}/engine.sock"})


def open_channels(store: Store) -> list[Channel]:
    with store.reading() as session:
        return list(session.scalars(select(Channel).where(Channel.closed_at.is_(None))))


async def ask(spawner: Any, path: str) -> int:
    connector = aiohttp.UnixConnector(path=str(spawner.places.server_socket))
    headers = {"Authorization": f"token {TOKEN}"}
    async with (
        aiohttp.ClientSession(connector=connector, headers=headers) as session,
        session.get(f"http://workspace/user/{PERSON}/{PROJECT}{path}", allow_redirects=False) as answer,
    ):
        return answer.status


def test_a_workspace_starts_serves_and_ends(
    platform: Settings, hub: LoneHub, engine: FakeEngine, demo_register: Store, short: Path
) -> None:
    async def story() -> None:
        spawner = spawner_of(hub, short)
        async with hub.listening():
            url = await spawner.start()
            assert url.startswith("http+unix://%2F")
            assert await spawner.poll() is None
            assert await ask(spawner, "/api/status") == 200
            assert await ask(spawner, "/lab") == 200
            assert ("GET", "/hub/api") in hub.requests  # the server's first question went the whole way
            [channel] = open_channels(demo_register)
            assert (channel.subject, channel.project_slug, len(channel.gate_sha256)) == (PERSON, PROJECT, 64)
            state = spawner.get_state()
            assert TOKEN not in str(state)
            secret = (spawner._credentials_folder / "secret").read_text()
            assert secret not in str(state) + str(engine.made) + str(engine.asked)
            again = spawner_of(hub, short)  # as after a restart of the hub
            again.load_state(state)
            assert await again.poll() is None
            await again.stop()
        assert await again.poll() == 0
        assert open_channels(demo_register) == []
        assert not engine.made
        assert not spawner._credentials_folder.exists()
        assert ("DELETE", f"/volumes/{spawner.names.channel}") in engine.asked
        assert not [path for _, path in engine.asked if "home" in path]
        assert await asyncio.to_thread(until, lambda: not spawner.places.server_socket.exists())

    with running_gate(platform):
        asyncio.run(story())


def test_the_sidecar_comes_first_and_alone_has_the_secret(
    hub: LoneHub, engine: FakeEngine, node: Node, short: Path, platform: Settings
) -> None:
    async def story() -> None:
        spawner = spawner_of(hub, short)
        async with hub.listening():
            await spawner.start()
            await spawner.stop()

    with running_gate(platform):
        asyncio.run(story())
    sidecar, workspace = node.bodies
    assert [mount["Target"] for mount in sidecar["HostConfig"]["Mounts"]] == ["/run/channel", "/run/secrets/gate"]
    assert "/run/secrets/gate" not in str(workspace)


def test_who_is_not_in_force_starts_nothing(
    hub: LoneHub, engine: FakeEngine, demo_register: Store, short: Path
) -> None:
    remove_member(demo_register, actor="admin", slug=PROJECT, subject=PERSON)

    async def story() -> None:
        with pytest.raises(SpawnException) as refused:
            await spawner_of(hub, short).start()
        assert refused.value.status_code == 403

    asyncio.run(story())
    assert not [path for _, path in engine.asked if path == "/containers/create"]
    assert open_channels(demo_register) == []


def test_a_setting_that_breaks_the_policy_starts_nothing(
    hub: LoneHub, engine: FakeEngine, demo_register: Store, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = GatedDockerSpawner._workspace

    def loose(self: Any) -> Any:
        made = real(self)
        return type(made)(made.create, {**made.host, "network_mode": "bridge"})

    monkeypatch.setattr(GatedDockerSpawner, "_workspace", loose)

    async def story() -> None:
        with pytest.raises(SpawnException, match="no-network") as refused:
            await spawner_of(hub, short).start()
        assert refused.value.status_code == 500

    asyncio.run(story())
    assert not [path for _, path in engine.asked if path == "/containers/create"]
    assert open_channels(demo_register) == []


def test_a_sidecars_network_that_leads_outside_starts_nothing(
    hub: LoneHub, engine: FakeEngine, demo_register: Store, short: Path
) -> None:
    engine.internal = False

    async def story() -> None:
        with pytest.raises(SpawnException, match="internal network"):
            await spawner_of(hub, short).start()

    asyncio.run(story())
    assert not [path for _, path in engine.asked if path == "/containers/create"]
    assert open_channels(demo_register) == []


def test_an_engine_that_fails_leaves_nothing_behind(
    hub: LoneHub, engine: FakeEngine, demo_register: Store, short: Path
) -> None:
    engine.refuses = "/start"

    async def story() -> None:
        spawner = spawner_of(hub, short)
        with pytest.raises(APIError):
            await spawner.start()
        assert not spawner._credentials_folder.exists()

    asyncio.run(story())
    assert engine.made == {}
    assert open_channels(demo_register) == []


def test_a_workspace_whose_sidecar_has_fallen_counts_as_ended(
    platform: Settings, hub: LoneHub, engine: FakeEngine, short: Path
) -> None:
    async def story() -> None:
        spawner = spawner_of(hub, short)
        async with hub.listening():
            await spawner.start()
            engine.end(spawner.names.sidecar)
            assert await spawner.poll() == 0
            await spawner.stop(now=True)

    with running_gate(platform):
        asyncio.run(story())
