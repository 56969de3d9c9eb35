"""When a folder is full, and when a workspace goes on filling it."""

from __future__ import annotations

import pytest

from hub.disk.measure import Use
from hub.disk.rule import MOST_FILES, Level, has_grown, judge

QUOTA = 1000


@pytest.mark.parametrize(
    ("used", "nameless", "level"),
    [
        (0, 0, Level.FINE),
        (900, 0, Level.FINE),
        (901, 0, Level.NEAR),
        (1000, 0, Level.NEAR),
        (1001, 0, Level.OVER),
        (1100, 0, Level.OVER),
        (1101, 0, Level.FAR),
        (0, 1101, Level.FAR),
        (500, 501, Level.OVER),
    ],
)
def test_levels_by_bytes(used: int, nameless: int, level: Level) -> None:
    assert judge(Use({1: used}), QUOTA, nameless) is level


def test_too_many_files_are_far_over_and_what_is_hidden_may_not_grow() -> None:
    assert judge(Use({}, files=MOST_FILES + 1, whole=False), QUOTA) is Level.FAR
    assert judge(Use({}, files=MOST_FILES), QUOTA) is Level.FINE
    assert judge(Use({}, hidden=True), QUOTA) is Level.OVER


def test_who_comes_back_to_tidy_up_has_some_room() -> None:
    assert not has_grown(2000, 2050, QUOTA)
    assert has_grown(2000, 2051, QUOTA)
    assert not has_grown(2000, 10, QUOTA)
