"""Fixtures of the airlock's tests: a world over the demonstration's register, and its service on a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.settings import Settings
from tests.support.airlock_service import ServedAirlock, served
from tests.support.airlock_world import AirlockWorld, make_template
from tests.support.scratch import shared_folder


@pytest.fixture(scope="session")
def airlock_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: migrations and the demonstration's people take longer than most tests."""
    return shared_folder(tmp_path_factory, "airlock", make_template)


@pytest.fixture
def world(airlock_template: Path, settings: Settings) -> Iterator[AirlockWorld]:
    """A real airlock; checks read a word (tests.support.airlock_world). checker-c and steward are there as well."""
    made = AirlockWorld.copy_of(airlock_template, settings)
    yield made
    made.store.close()


@pytest.fixture
def gateway(world: AirlockWorld) -> Iterator[ServedAirlock]:
    """The airlock's service on its socket, over the world."""
    with served(world) as gateway:
        yield gateway
