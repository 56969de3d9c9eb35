"""Idle closing: the rule, and what the person is told at each step."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from governance.audit import read_events
from governance.clock import now
from governance.settings import Settings, load_settings
from governance.store import Store
from hub.housekeeping.idling import IdleWorkspaces, Judgement, judge, report_seconds
from hub.housekeeping.running import Running
from hub.notices import Notice, read_notices, write_notice
from tests.support.hub_stand_ins import StandInHub, StandInSpawner, StandInUser

GASTRO = "gi-bleed"


@pytest.fixture
def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDE_WORKSPACE_IDLE_SECONDS", "1000")
    monkeypatch.setenv("SDE_WORKSPACE_IDLE_WARNING_SECONDS", "100")
    return load_settings()


@pytest.mark.parametrize(
    ("idle", "warned", "judgement"),
    [
        (0, None, Judgement.USED),
        (899, None, Judgement.USED),
        (899, 50, Judgement.USED),
        (900, None, Judgement.WARN),
        (999, 99, Judgement.WAIT),
        (1000, 100, Judgement.CLOSE),
        (99_999, None, Judgement.WARN),
        (99_999, 99, Judgement.WAIT),
        (99_999, 100, Judgement.CLOSE),
    ],
)
def test_the_rule(quick: Settings, idle: float, warned: float | None, judgement: Judgement) -> None:
    assert judge(quick, idle, warned) is judgement


def test_zero_means_never(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDE_WORKSPACE_IDLE_SECONDS", "0")
    assert judge(load_settings(), 1e9, 1e9) is Judgement.USED


@pytest.mark.parametrize(
    ("idle", "warning", "warned_from", "reports"),
    [("14400", "600", 13_800, 60), ("60", "30", 30, 6), ("40", "600", 20, 5), ("0", "600", None, 60)],
)
def test_the_warning_is_at_most_half_the_time_and_reports_come_within_it(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    idle: str,
    warning: str,
    warned_from: float | None,
    reports: int,
) -> None:
    monkeypatch.setenv("SDE_WORKSPACE_IDLE_SECONDS", idle)
    monkeypatch.setenv("SDE_WORKSPACE_IDLE_WARNING_SECONDS", warning)
    loaded = load_settings()
    assert report_seconds(loaded) == reports
    if warned_from is not None:
        assert judge(loaded, warned_from - 1, None) is Judgement.USED
        assert judge(loaded, warned_from, None) is Judgement.WARN


@dataclass
class Afternoon:
    """One workspace, one hub, and a steady clock that a test moves."""

    settings: Settings
    store: Store
    used: datetime

    def __post_init__(self) -> None:
        self.steady = 0.0
        self.user = StandInUser(self.settings, "researcher-a", GASTRO)
        self.spawner.used(self.used)
        self.hub_starts()

    def hub_starts(self) -> None:
        hub = StandInHub(self.user)
        self.duty = IdleWorkspaces(Running(hub), self.store, self.settings, lambda: self.steady)

    @property
    def spawner(self) -> StandInSpawner:
        return self.user.spawners[GASTRO]

    @property
    def notices(self) -> list[tuple[str, str]]:
        return [(notice.id, notice.action) for notice in read_notices(self.spawner.places)]

    async def passes(self, seconds: float) -> None:
        self.steady += seconds
        await self.duty.look_at_them()
        for _ in range(5):
            await asyncio.sleep(0)


def culled(store: Store) -> list[str]:
    with store.reading() as session:
        return [event.detail for event in read_events(session) if event.event == "workspace.culled"]


def test_warned_then_closed(quick: Settings, demo_register: Store) -> None:
    async def story() -> None:
        afternoon = Afternoon(quick, demo_register, now())
        await afternoon.passes(0)
        await afternoon.passes(890)
        assert afternoon.notices == []
        await afternoon.passes(20)
        assert afternoon.notices == [("idle", "keep-open")]
        [notice] = read_notices(afternoon.spawner.places)
        left = datetime.fromisoformat(notice.until or "") - now()
        assert timedelta(seconds=80) < left < timedelta(seconds=120)
        await afternoon.passes(95)
        assert afternoon.spawner.ready
        await afternoon.passes(10)
        assert afternoon.spawner.told == ["polling ended", "route gone", "ended"]
        [detail] = culled(demo_register)
        assert '"subject":"researcher-a"' in detail
        await afternoon.passes(10)
        assert len(culled(demo_register)) == 1

    asyncio.run(story())


def test_use_after_the_warning_takes_it_back(quick: Settings, demo_register: Store) -> None:
    async def story() -> None:
        afternoon = Afternoon(quick, demo_register, now())
        await afternoon.passes(0)
        await afternoon.passes(950)
        afternoon.spawner.used(now() + timedelta(seconds=950))
        await afternoon.passes(100)
        assert afternoon.notices == []
        await afternoon.passes(850)
        assert afternoon.spawner.ready
        assert afternoon.notices == []
        await afternoon.passes(100)
        assert afternoon.notices == [("idle", "keep-open")]

    asyncio.run(story())


def test_after_a_restart_of_the_hub_the_time_counts_on_and_the_warning_comes_first(
    quick: Settings, demo_register: Store
) -> None:
    async def story() -> None:
        afternoon = Afternoon(quick, demo_register, now() - timedelta(seconds=5000))
        await afternoon.passes(0)
        await afternoon.passes(39)
        assert afternoon.notices == [], "its server may not have had the time to report"
        await afternoon.passes(2)
        assert afternoon.notices == [("idle", "keep-open")]
        await afternoon.passes(90)
        assert afternoon.spawner.ready
        await afternoon.passes(20)
        assert not afternoon.spawner.ready

    asyncio.run(story())


def test_a_workspace_used_while_the_hub_was_away_is_not_warned(quick: Settings, demo_register: Store) -> None:
    async def story() -> None:
        afternoon = Afternoon(quick, demo_register, now() - timedelta(seconds=5000))
        write_notice(afternoon.spawner.places, Notice("idle", "idle", "warning", "old"))
        await afternoon.passes(0)
        afternoon.spawner.used(now())
        await afternoon.passes(30)
        assert afternoon.notices == []
        await afternoon.passes(800)
        assert afternoon.notices == []

    asyncio.run(story())


def test_a_warning_from_before_a_restart_is_taken_back_if_the_workspace_is_used(
    quick: Settings, demo_register: Store
) -> None:
    async def story() -> None:
        afternoon = Afternoon(quick, demo_register, now())
        write_notice(afternoon.spawner.places, Notice("idle", "idle", "warning", "old"))
        await afternoon.passes(0)
        assert afternoon.notices == []

    asyncio.run(story())
