"""The duties: each goes on whatever the others do, and all end together."""

from __future__ import annotations

import asyncio

import pytest

from hub.housekeeping import rounds
from hub.housekeeping.rounds import Duty, Rounds


async def until(done: asyncio.Event) -> None:
    async with asyncio.timeout(20):
        await done.wait()


def test_a_failing_and_a_hanging_duty_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "LONGEST_ROUND", 0.05)

    async def story() -> None:
        counted = {"failing": 0, "hanging": 0, "good": 0}
        enough = asyncio.Event()

        def count(name: str) -> None:
            counted[name] += 1
            if min(counted.values()) >= 3:
                enough.set()

        async def fail() -> None:
            count("failing")
            raise ValueError

        async def hang() -> None:
            count("hanging")
            await asyncio.Event().wait()

        async def work() -> None:
            count("good")

        at_work = Rounds([Duty("failing", 0, fail), Duty("hanging", 0, hang), Duty("good", 0.01, work)])
        await until(enough)
        await at_work.end()
        await at_work.end()
        after = dict(counted)
        await asyncio.sleep(0.05)
        assert counted == after

    asyncio.run(story())
