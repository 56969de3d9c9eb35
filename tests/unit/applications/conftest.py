"""A register furnished for applications, made once; each test works on a copy, a module may share one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.registry import initialise
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from tests.support.application_world import furnish
from tests.support.scratch import shared_folder


@pytest.fixture(scope="session")
def furnished_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_folder(tmp_path_factory, "applications", _make)


def _make(state: Path) -> None:
    store = initialise(load_settings(state=state))
    furnish(store)
    store.close()


@pytest.fixture
def world(settings: Settings, furnished_template: Path) -> Iterator[Store]:
    """A furnished register of this test's own."""
    shutil.copytree(furnished_template, settings.folder.root)
    store = open_store(settings)
    yield store
    store.close()


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory, furnished_template: Path) -> Iterator[Store]:
    """A furnished register for tests that leave each other's applications alone."""
    state = tmp_path_factory.mktemp("applications") / "state"
    shutil.copytree(furnished_template, state)
    store = open_store(load_settings(state=state))
    yield store
    store.close()
