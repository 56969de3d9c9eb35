"""The nastiest data DuckDB can hold: extremes of every type, infinities, missing people, missing values."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.support.guard_policy import PolicyLab

BIRTHS = ("1950-01-01", "infinity", "-infinity", None, "294247-01-10 04:00:54", "290308-12-22 (BC) 00:00:00")
TEXTS = ("M", "F", "", None, "12", "1e999", "2020-01-01", "é%_\\'")
YEARS = (1950, 1960, None, 2**31 - 1, -(2**31))
CODES = (8507, 8532, None, 1, 2, 3, 2**63 - 1, -(2**63))
DAYS = ("2020-01-01", "infinity", "-infinity", None, "5881580-07-10", "290000-01-01 (BC)")
VALUES = (1.0, 0.0, -1.5, float("inf"), float("-inf"), float("nan"), 1e308, -1e308, None, 1e-320)
SUPPLIES = (0, 1, 30, None, 2**31 - 1, -(2**31))
COSTS = ("1.5", "999999999999999.999", None, "-3")
CONCEPTS: list[tuple[Any, ...]] = [
    (1, "one", "Gender", "Gender", 1.0),
    (2, "two", "Gender", "x", float("inf")),
    (3, "three", None, "x", float("nan")),
    (3, "drei", None, "x", -1e308),
    (8507, "Male", "Gender", "Gender", None),
]


def nasty_lab() -> PolicyLab:
    """Sixty such people with their records."""
    lab, chance = PolicyLab(), Random(7)

    def any_of(*columns: tuple[Any, ...]) -> list[Any]:
        return [chance.choice(column) for column in columns]

    people = (None, *range(60))
    lab.fill("person", [(n, *any_of(CODES, YEARS, BIRTHS, TEXTS, ("a", "b"))) for n in range(60)])
    lab.fill("visit_occurrence", [(n, *any_of(people, CODES, DAYS, DAYS)) for n in range(150)])
    lab.fill("death", [(n, *any_of(DAYS, CODES)) for n in (None, *range(0, 60, 2))])
    measured = ((1, 2, 3), DAYS, VALUES, SUPPLIES, COSTS, (True, False, None))
    lab.fill("measurement", [(n, *any_of(people), n // 2, *any_of(*measured), b"x") for n in range(200)])
    lab.fill("concept", CONCEPTS)
    return lab.fill("concept_ancestor", [(1, 2), (1, 3), (None, 1), (1, 1), (2**63 - 1, -(2**63))])
