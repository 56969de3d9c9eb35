"""One query at a time for each person in each project."""

from __future__ import annotations

import threading
import time

import pytest

from governance.callers import Caller
from governance.refusal import Refusal
from query_guard.turns import MOST_WAITING, Turns

ME, YOU = Caller("a", "p", "c"), Caller("b", "p", "c")


def test_two_people_do_not_wait_for_each_other() -> None:
    turns = Turns(seconds=0.01)
    with turns.of(ME), turns.of(YOU):
        pass


def test_second_query_of_one_person_waits() -> None:
    turns, order = Turns(seconds=60), []

    def ask() -> None:
        with turns.of(ME):
            order.append("second")

    with turns.of(ME):
        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert turns._turns == {}


def test_waiting_too_long_is_busy() -> None:
    turns = Turns(seconds=0.01)
    with turns.of(ME), pytest.raises(Refusal) as caught, turns.of(ME):
        pass
    assert caught.value.code == "busy"


def test_queue_is_short() -> None:
    turns, codes = Turns(seconds=60), []

    def ask() -> None:
        try:
            with turns.of(ME):
                codes.append("answered")
        except Refusal as refusal:
            codes.append(refusal.code)

    threads = [threading.Thread(target=ask) for _ in range(MOST_WAITING + 3)]
    with turns.of(ME):
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while len(codes) < 3 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert codes == ["busy"] * 3
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["answered"] * MOST_WAITING + ["busy"] * 3


def test_turn_ends_when_the_query_fails() -> None:
    turns = Turns(seconds=0.01)
    with pytest.raises(ValueError, match="x"), turns.of(ME):
        raise ValueError("x")
    with turns.of(ME):
        pass
