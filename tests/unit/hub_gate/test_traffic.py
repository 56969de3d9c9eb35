"""The running count of a workspace: cap, midnight, clocks, and what could not be recorded."""

from __future__ import annotations

from datetime import date

import pytest

from governance.refusal import Refusal
from hub.edge import traffic
from hub.edge.traffic import Traffic

FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """Its last entry is today."""
    days = [FIRST]
    monkeypatch.setattr(traffic, "today", lambda: days[-1])
    return days


def reached(count: Traffic) -> str:
    with pytest.raises(Refusal) as caught:
        count.check()
    return caught.value.code + " " + caught.value.message


def test_the_cap_holds_from_the_byte_that_goes_past_it(clock: list[date]) -> None:
    count = Traffic(cap_bytes=100, out_bytes=40)
    count.out(60)
    count.begin()
    with pytest.raises(Refusal, match="traffic-cap-reached"):
        count.out(1)
    for _ in range(3):  # whoever races is refused too, and what was refused is not added again and again
        with pytest.raises(Refusal):
            count.out(50)
    with pytest.raises(Refusal):
        count.begin()
    assert (count.fresh[FIRST].out_bytes, count.fresh[FIRST].requests) == (61, 1)
    assert "2026-03-02, 00:00 UTC" in reached(count)


def test_a_record_past_the_cap_refuses_from_the_start(clock: list[date]) -> None:
    assert "traffic-cap-reached" in reached(Traffic(cap_bytes=100, out_bytes=101))


def test_midnight_opens_and_a_clock_that_goes_back_does_not(clock: list[date]) -> None:
    count = Traffic(cap_bytes=100)
    with pytest.raises(Refusal):
        count.out(101)
    clock.append(SECOND)
    count.check()
    count.out(70)
    clock.append(FIRST)
    with pytest.raises(Refusal):
        count.out(31)
    assert {day: counts.out_bytes for day, counts in count.fresh.items()} == {FIRST: 101, SECOND: 101}


def test_what_could_not_be_recorded_is_kept(clock: list[date]) -> None:
    count = Traffic(cap_bytes=1000)
    count.out(10)
    taken = count.take_fresh()
    count.out(5)
    count.into(3)
    count.put_back(taken)
    assert (count.fresh[FIRST].out_bytes, count.fresh[FIRST].into_bytes) == (15, 3)


def test_a_count_that_is_closed_passes_nothing(clock: list[date]) -> None:
    count = Traffic()
    count.out(10**12)
    count.close()
    with pytest.raises(Refusal, match="not-running"):
        count.out(1)


def test_much_at_once_is_recorded_at_once(clock: list[date]) -> None:
    calls: list[int] = []
    count = Traffic(cap_bytes=1000, urgent_bytes=10, hurry=lambda: calls.append(1))
    count.out(10)
    assert calls == []
    count.out(1)
    assert calls == [1]
