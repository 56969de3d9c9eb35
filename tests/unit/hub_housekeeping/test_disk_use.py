"""Which workspaces the disk duty looks at, ends and records."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from governance.audit import read_events
from governance.settings import Settings, load_settings
from governance.store import Store
from hub.housekeeping.disk_use import DiskUse
from hub.housekeeping.running import Running
from hub.processes import Process
from hub.sandbox_process import Sandbox
from hub.shared import prepare_shared
from hub.workspace_start import Started
from tests.support.hub_stand_ins import StandInHub, StandInUser

GASTRO = "gi-bleed"
QUOTA = 2**20


@pytest.fixture
def small(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDE_WORKSPACE_HOME_BYTES", str(QUOTA))
    return load_settings()


def user_with_home(settings: Settings, name: str) -> StandInUser:
    user = StandInUser(settings, name, GASTRO)
    spawner: Any = user.spawners[GASTRO]
    spawner.places.home.mkdir(parents=True)
    prepare_shared(spawner.places)
    gone = Process(0, 0)
    spawner.running = (Started(Sandbox(gone, gone), None), os.getuid())
    return user


def one_round(duty: DiskUse) -> None:
    async def go() -> None:
        duty._watch._due.clear()
        await duty.look_at_them()
        await asyncio.gather(*duty._running._ending)

    asyncio.run(go())


def test_who_goes_on_filling_is_ended_and_recorded_others_stay(small: Settings, store: Store) -> None:
    filling, other = (user_with_home(small, name) for name in ("researcher-a", "researcher-b"))
    duty = DiskUse(Running(StandInHub(filling, other)), store, small)
    one_round(duty)
    (filling.spawners[GASTRO].places.home / "x").write_bytes(os.urandom(2 * QUOTA))
    one_round(duty)
    assert "ended" in filling.spawners[GASTRO].told
    assert other.spawners[GASTRO].told == []
    with store.reading() as session:
        [event] = [event for event in read_events(session) if event.event == "workspace.disk-over-quota"]
    assert event.project == GASTRO
    assert "researcher-a" in str(event.detail)


def test_one_that_cannot_be_measured_does_not_hold_up_the_others(small: Settings, store: Store) -> None:
    broken, filling = (user_with_home(small, name) for name in ("researcher-a", "researcher-b"))
    duty = DiskUse(Running(StandInHub(broken, filling)), store, small)
    one_round(duty)
    broken.spawners[GASTRO].places.home.rmdir()
    (filling.spawners[GASTRO].places.home / "x").write_bytes(os.urandom(2 * QUOTA))
    one_round(duty)
    assert broken.spawners[GASTRO].told == []
    assert "ended" in filling.spawners[GASTRO].told


def test_a_workspace_elsewhere_is_not_looked_at(small: Settings, store: Store) -> None:
    user = StandInUser(small, "researcher-a", GASTRO)  # another platform's spawner has nothing to watch
    one_round(DiskUse(Running(StandInHub(user)), store, small))
    assert user.spawners[GASTRO].told == []
