"""Two real sandboxes with their relays for each file of attacks: `inside`, from which they come, and `neighbour`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from governance.settings import Settings, load_settings
from tests.support.walled import Recorder, Walled, relayed, walled

CHANNEL, NEIGHBOUR_CHANNEL = "a" * 32, "b" * 32
MEMORY = 512 * 2**20


@dataclass(frozen=True)
class Rooms:
    """Both sandboxes, and what reached the services behind their relays."""

    inside: Walled
    neighbour: Walled
    recorder: Recorder


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    loaded = load_settings(state=tmp_path_factory.mktemp("attacked") / "state", workspace_memory_bytes=MEMORY)
    loaded.folder.create()
    return loaded


@pytest.fixture(scope="module")
def rooms(host: Settings) -> Iterator[Rooms]:
    with ExitStack() as stack:
        inside = stack.enter_context(walled(host, "researcher-a", "gi-bleed", channel=CHANNEL))
        neighbour = stack.enter_context(walled(host, "researcher-b", "gi-bleed", channel=NEIGHBOUR_CHANNEL))
        yield Rooms(inside, neighbour, stack.enter_context(relayed(host, inside, neighbour)))


@pytest.fixture
def inside(rooms: Rooms) -> Walled:
    return rooms.inside


@pytest.fixture
def neighbour(rooms: Rooms) -> Walled:
    return rooms.neighbour


@pytest.fixture
def recorder(rooms: Rooms) -> Recorder:
    rooms.recorder.reached.clear()
    return rooms.recorder
