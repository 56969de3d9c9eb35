"""The Kubernetes spawner with all of ours real, as in test_docker_spawner. No cluster is here: a stand-in answers the
client library within the gateway's own rights, and a sandbox stands where a container would."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jupyterhub.spawner import SpawnException
from kubernetes_asyncio.client import Configuration
from sqlalchemy import select

from governance.registry import remove_member
from governance.settings import Settings, load_settings
from governance.store import Store
from governance.store.channels import Channel
from hub.platforms.kubernetes import GatedKubeSpawner
from hub.workspace_image import REPOSITORY
from tests.integration.test_docker_spawner import ask
from tests.support.fake_cluster import FakeCluster, fake_cluster
from tests.support.gated import free_port, running_gate, until
from tests.support.lone_hub import LoneHub
from tests.support.node import Node

pytestmark = pytest.mark.slow

PERSON, PROJECT, TOKEN = "researcher-a", "gi-bleed", "a-token-of-the-hub"
DIGEST = "@sha256:" + "0" * 64
GATE_PORT = 8443  # what the manifests say


def policies(port: int) -> list[dict[str, Any]]:
    """Those of images/kubernetes, for a gate on another port."""
    text = (REPOSITORY / "images" / "kubernetes" / "network.yaml").read_text().replace(str(GATE_PORT), str(port))
    return [one for one in yaml.safe_load_all(text) if one["metadata"]["namespace"] == "sde-workspaces"]


@pytest.fixture
def platform(settings: Settings, demo_register: Store) -> Settings:
    return load_settings(
        state=settings.state,
        workspace_platform="kubernetes",
        gate_port=free_port(),
        image_python=f"sde/workspace-python{DIGEST}",
        image_sidecar=f"sde/sidecar{DIGEST}",
    )


@pytest.fixture
def node() -> Iterator[Node]:
    made = Path(tempfile.mkdtemp())
    yield Node(made / "node", PERSON, PROJECT)
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def cluster(platform: Settings, node: Node, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    port = free_port()
    configuration = Configuration(host=f"http://127.0.0.1:{port}")
    monkeypatch.setattr("kubespawner.spawner.load_config", lambda **_: Configuration.set_default(configuration))
    with fake_cluster(port, node.begin_kubernetes, policies(platform.gate_port)) as made:
        yield made
    Configuration.set_default(None)


@pytest.fixture
def hub(platform: Settings) -> LoneHub:
    return LoneHub(platform, PERSON, PROJECT, TOKEN)


def spawner_of(hub: LoneHub) -> Any:
    return hub.spawner(GatedKubeSpawner)


def tell_story(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        try:
            await story()
        finally:
            await GatedKubeSpawner._stop_all_reflectors()
            GatedKubeSpawner.reflectors.clear()

    asyncio.run(told())


def open_channels(store: Store) -> list[Channel]:
    with store.reading() as session:
        return list(session.scalars(select(Channel).where(Channel.closed_at.is_(None))))


def test_a_workspace_starts_serves_and_ends(
    platform: Settings, hub: LoneHub, cluster: FakeCluster, demo_register: Store, node: Node
) -> None:
    async def story() -> None:
        async with hub.listening():
            spawner = spawner_of(hub)
            url = await spawner.start()
            assert url.startswith("http+unix://%2F")
            assert await spawner.poll() is None
            assert await ask(spawner, "/api/status") == 200
            assert await ask(spawner, "/lab") == 200
            assert ("GET", "/hub/api") in hub.requests
            [channel] = open_channels(demo_register)
            assert len(channel.gate_sha256) == 64
            state = spawner.get_state()
            secret = cluster.objects["secrets", spawner.names.gate]["stringData"]["secret"]
            assert not {TOKEN, secret} & {word for word in (TOKEN, secret) if word in str(state) + str(node.bodies)}
            again = spawner_of(hub)  # as after a restart of the hub
            again.load_state(state)
            assert await again.poll() is None
            await again.stop()
            assert await again.poll() == 1
        assert open_channels(demo_register) == []
        assert {kind for kind, _ in cluster.objects} == {"persistentvolumeclaims"}  # the home stays
        assert await asyncio.to_thread(until, lambda: not spawner.places.server_socket.exists())

    with running_gate(platform):
        tell_story(story)


def test_a_pod_whose_sidecar_has_fallen_counts_as_ended(platform: Settings, hub: LoneHub, cluster: FakeCluster) -> None:
    async def story() -> None:
        async with hub.listening():
            spawner = spawner_of(hub)
            await spawner.start()
            cluster.end(spawner.pod_name, 1)
            cluster.tell("MODIFIED", spawner.pod_name)
            for _ in range(200):
                if await spawner.poll() is not None:
                    break
                await asyncio.sleep(0.05)
            assert await spawner.poll() == 1
            await spawner.stop(now=True)

    with running_gate(platform):
        tell_story(story)


@pytest.mark.parametrize("left_out", [(0, 1), (0,)])
def test_a_namespace_that_is_not_closed_starts_nothing(
    hub: LoneHub, cluster: FakeCluster, demo_register: Store, left_out: tuple[int, ...]
) -> None:
    cluster.policies[:] = [policy for number, policy in enumerate(cluster.policies) if number not in left_out]

    async def story() -> None:
        with pytest.raises(SpawnException, match="nothing-listens") as refused:
            await spawner_of(hub).start()
        assert refused.value.status_code == 500

    tell_story(story)
    assert ("pods", "create") not in cluster.asked
    assert ("secrets", "create") not in cluster.asked
    assert open_channels(demo_register) == []


def test_who_is_not_in_force_starts_nothing(hub: LoneHub, cluster: FakeCluster, demo_register: Store) -> None:
    remove_member(demo_register, actor="admin", slug=PROJECT, subject=PERSON)

    async def story() -> None:
        with pytest.raises(SpawnException) as refused:
            await spawner_of(hub).start()
        assert refused.value.status_code == 403

    tell_story(story)
    assert not [asked for asked in cluster.asked if asked[1] == "create"]
