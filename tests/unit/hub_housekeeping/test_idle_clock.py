"""The idle clock under jumps of the wall clock, sleep, restarts of the hub, and ordinary use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.housekeeping.idle_clock import IdleClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Machine:
    """A steady clock and a wall clock that can be moved apart."""

    def __init__(self) -> None:
        self.steady, self.wall = 100.0, NOON
        self.clock = self.hub_starts()

    def hub_starts(self) -> IdleClock:
        self.clock = IdleClock(lambda: self.steady, lambda: self.wall)
        return self.clock

    def passes(self, seconds: float) -> None:
        self.steady += seconds
        self.wall += timedelta(seconds=seconds)

    def jumps(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)

    def idle(self, last_activity: datetime | None = NOON) -> float:
        return self.clock.idle_seconds("one", last_activity)


def test_time_without_use_counts_and_use_begins_anew() -> None:
    machine = Machine()
    assert machine.idle() == 0
    machine.passes(600)
    assert machine.idle() == 600
    assert machine.idle(NOON + timedelta(seconds=590)) == 0
    machine.passes(10)
    assert machine.idle(NOON + timedelta(seconds=590)) == 10


def test_a_restart_of_the_hub_loses_nothing() -> None:
    machine = Machine()
    machine.idle()
    machine.passes(3600)
    machine.hub_starts()
    assert machine.idle() == 3600


def test_a_jump_forward_or_sleep_makes_nothing_idle() -> None:
    machine = Machine()
    machine.idle()
    machine.passes(60)
    machine.jumps(8 * 3600)
    assert machine.idle() == 60


def test_a_report_after_a_jump_is_use() -> None:
    machine = Machine()
    machine.idle()
    machine.jumps(-8 * 3600)
    machine.passes(60)
    assert machine.idle(machine.wall) == 0


def test_a_jump_back_before_the_hub_starts_is_not_negative() -> None:
    machine = Machine()
    machine.jumps(-3600)
    assert machine.hub_starts().idle_seconds("one", NOON) == 0
    machine.passes(5)
    assert machine.idle() == 5


def test_never_heard_of_is_as_old_as_the_first_look() -> None:
    machine = Machine()
    assert machine.idle(None) == 0
    machine.passes(5)
    assert machine.idle(None) == 5


def test_what_has_ended_is_forgotten() -> None:
    machine = Machine()
    machine.idle()
    machine.passes(100)
    machine.clock.keep_only([])
    assert machine.idle(machine.wall) == 0
