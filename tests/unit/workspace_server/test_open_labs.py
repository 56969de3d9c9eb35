"""The round of saving inside a workspace's server: who is waited for, for how long, and what is believed."""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

SERVER = Path(__file__).parents[3] / "images" / "server"


@pytest.fixture
def labs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module alone: the package itself needs the workspace's environment."""
    package = ModuleType("sde_workspace")
    package.__path__ = [str(SERVER / "sde_workspace")]
    monkeypatch.setitem(sys.modules, "sde_workspace", package)
    module = importlib.import_module("sde_workspace.labs")
    yield module
    sys.modules.pop("sde_workspace.labs", None)


def test_nobody_is_open(labs: Any) -> None:
    assert asyncio.run(labs.OpenLabs().save_all()) == {"labs": 0, "saved": 0, "unsaved": 0}


def test_every_open_lab_is_waited_for(labs: Any) -> None:
    async def story() -> None:
        one = labs.OpenLabs()
        with one.asking("a"), one.asking("b"):
            saving = asyncio.create_task(one.save_all())
            await one.wait_for_round(5)
            number = one.closing
            assert number == 1
            one.said("a", number, saved=2, unsaved=0)
            one.said("a", number, saved=5, unsaved=0)  # once is enough
            one.said("stranger", number, saved=9, unsaved=9)
            await asyncio.sleep(0)
            assert not saving.done()
            one.said("b", number, saved=0, unsaved=1)
            assert await saving == {"labs": 2, "saved": 2, "unsaved": 1}
        assert one.closing == 0

    asyncio.run(story())


def test_a_lab_that_does_not_answer_counts_as_unsaved(labs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labs, "CLOSING_SECONDS", 0.05)

    async def story() -> None:
        one = labs.OpenLabs()
        with one.asking("a"):
            assert await one.save_all() == {"labs": 1, "saved": 0, "unsaved": 1}
            one.said("a", 1, saved=1, unsaved=0)  # too late
            assert one.closing == 0

    asyncio.run(story())


def test_a_closed_page_is_not_waited_for(labs: Any) -> None:
    async def story() -> None:
        one = labs.OpenLabs()
        with one.asking("a"):
            saving = asyncio.create_task(one.save_all())
            await one.wait_for_round(5)
            one.left("a")
            assert (await saving)["unsaved"] == 0

    asyncio.run(story())


def test_a_lab_between_two_requests_is_open_and_one_long_silent_is_not(labs: Any) -> None:
    clock = SimpleNamespace(now=0.0)

    async def story() -> None:
        one = labs.OpenLabs(lambda: clock.now)
        with one.asking("a"):
            pass
        clock.now = labs.BETWEEN_SECONDS - 1
        saving = asyncio.create_task(one.save_all())
        await one.wait_for_round(5)
        one.said("a", 1, saved=1, unsaved=0)
        assert (await saving)["saved"] == 1
        clock.now = labs.BETWEEN_SECONDS + 1
        assert (await one.save_all())["labs"] == 0

    asyncio.run(story())


def test_a_lab_that_has_saved_is_not_waited_for_again_until_it_asks(labs: Any) -> None:
    async def story() -> None:
        one = labs.OpenLabs()
        with one.asking("a"):
            pass
        saving = asyncio.create_task(one.save_all())
        await one.wait_for_round(5)
        one.said("a", one.closing, saved=1, unsaved=0)
        await saving
        assert (await one.save_all())["labs"] == 0
        with one.asking("a"):
            again = asyncio.create_task(one.save_all())
            await one.wait_for_round(5)
            one.said("a", one.closing, saved=0, unsaved=0)
            assert (await again)["labs"] == 1

    asyncio.run(story())


def test_two_who_ask_share_one_round(labs: Any) -> None:
    async def story() -> None:
        one = labs.OpenLabs()
        with one.asking("a"):
            both = [asyncio.create_task(one.save_all()) for _ in range(2)]
            await one.wait_for_round(5)
            await asyncio.sleep(0)
            one.said("a", one.closing, saved=1, unsaved=0)
            assert [answer["saved"] for answer in await asyncio.gather(*both)] == [1, 1]

    asyncio.run(story())


def test_the_number_of_labs_is_bounded(labs: Any) -> None:
    async def story() -> None:
        one = labs.OpenLabs()
        for number in range(labs.MOST_LABS + 10):
            with one.asking(str(number)):
                pass
        assert len(one._labs) == labs.MOST_LABS

    asyncio.run(story())
