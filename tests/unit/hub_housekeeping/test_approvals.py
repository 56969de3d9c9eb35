"""The approval sweep: whoever ended an approval, its workspace ends, beside others and not after them."""

from __future__ import annotations

import asyncio

from governance.registry import remove_member
from governance.settings import Settings
from governance.store import Store
from hub.housekeeping.approvals import EndedApprovals
from hub.housekeeping.running import Running
from tests.support.hub_stand_ins import StandInHub, StandInUser

GASTRO = "gi-bleed"


def test_only_the_unapproved_end_and_all_at_once(settings: Settings, demo_register: Store) -> None:
    async def story() -> None:
        held, strangers = StandInUser(settings, "researcher-a", GASTRO), []
        for name in ("stranger-a", "stranger-b"):
            stranger = StandInUser(settings, name, GASTRO)
            stranger.stop_gate.clear()  # one that is slow to end holds up nobody
            strangers.append(stranger)
        duty = EndedApprovals(Running(StandInHub(held, *strangers)), demo_register)
        await duty.end_them()
        await duty.end_them()  # those that are being ended are left alone
        for _ in range(5):
            await asyncio.sleep(0)
        assert held.spawners[GASTRO].told == []
        for stranger in strangers:
            assert stranger.spawners[GASTRO].told == ["polling ended", "killed", "route gone"]
            stranger.stop_gate.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert [stranger.spawners[GASTRO].told[-1] for stranger in strangers] == ["ended", "ended"]

        remove_member(demo_register, actor="admin", slug=GASTRO, subject="researcher-a")
        await duty.end_them()
        for _ in range(5):
            await asyncio.sleep(0)
        assert held.spawners[GASTRO].told[-1] == "ended"

    asyncio.run(story())


def test_one_that_cannot_be_ended_is_tried_again(settings: Settings, demo_register: Store) -> None:
    async def story() -> None:
        stranger = StandInUser(settings, "stranger", GASTRO)
        spawner = stranger.spawners[GASTRO]

        async def fail(now: bool = False) -> None:
            spawner.told.append("failed")
            raise OSError

        kind = spawner.stop
        spawner.stop = fail  # type: ignore[method-assign]
        duty = EndedApprovals(Running(StandInHub(stranger)), demo_register)
        await duty.end_them()
        for _ in range(5):
            await asyncio.sleep(0)
        assert spawner.ready
        spawner.stop = kind  # type: ignore[method-assign]
        await duty.end_them()
        for _ in range(5):
            await asyncio.sleep(0)
        assert spawner.told[-1] == "ended"

    asyncio.run(story())
