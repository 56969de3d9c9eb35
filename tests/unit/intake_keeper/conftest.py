"""The keeper over a real register and a file of opt-outs, with a clock that moves; commands are written down."""

from __future__ import annotations

import pytest

from governance.settings import Settings
from governance.store import Store
from tests.support.keeper_world import KeeperWorld
from tests.support.moving_clock import MovingClock


@pytest.fixture
def world(settings: Settings, demo_register: Store) -> KeeperWorld:
    return KeeperWorld(settings, demo_register)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    """Starts at noon of the day on which the test runs."""
    moving = MovingClock()
    moving.install(monkeypatch)
    return moving
