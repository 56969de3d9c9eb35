"""What analysts write in their own dialect is answered as the same question in DuckDB's SQL: equal rows, in order."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.guard_policy import PolicyLab

FIXTURES = Path(__file__).parents[2] / "fixtures" / "dialects"
TODAY = date(2020, 6, 30)
LEAST = {"tsql": 40, "postgres": 40, "dbplyr": 30}
PAIRS = [
    pytest.param(entry, id=f"{name}-{number:02}")
    for name in LEAST
    for number, entry in enumerate(json.loads((FIXTURES / f"pairs_{name}.json").read_text(encoding="utf-8")))
]


@pytest.fixture(scope="module")
def ward() -> PolicyLab:
    """Four hundred people with visits, measurements and deaths; the same at every run."""
    chance, lab, start = random.Random(3), PolicyLab(), date(2018, 1, 1)
    day = lambda: start + timedelta(chance.randrange(900))  # noqa: E731
    years = [chance.randrange(1930, 2001) for _ in range(400)]
    races = ["white", "black", "asian_x", "white"]
    lab.fill(
        "person",
        [
            (n, chance.choice([8507, 8532, 8532]), y, f"{y}-0{chance.randint(1, 9)}-15", chance.choice("MF"), race)
            for (n, y), race in zip(enumerate(years, 1), (chance.choice(races) for _ in years), strict=True)
        ],
    )
    visits = [(n, chance.randint(1, 400), chance.choice([9201, 9202]), day()) for n in range(1500)]
    lab.fill("visit_occurrence", [(*visit, visit[-1] + timedelta(chance.randrange(10))) for visit in visits])
    kinds, truths = [3004249, 3012888], [True, False, False]
    lab.fill(
        "measurement",
        [
            (n, chance.randint(1, 400), None, chance.choice(kinds), day(), value, chance.randint(1, 90), 1.5, truth)
            for n in range(1500)
            for value, truth in [(round(chance.gauss(50, 10), 2), chance.choice(truths))]
        ],
    )
    lab.fill("death", [(n, date(2020, 3, 1), 4306655) for n in range(1, 400, 5)])
    people = [(8507, "Male ", "Gender", "Gender", 1.0), (8532, " Female", "Gender", "Gender", 2.5)]
    return lab.fill("concept", [*people, (9201, "Inpatient", "Visit", "x", 3.0), (9202, "Outpatient", "Visit", "x", 4)])


def answer(lab: PolicyLab, sql: str, dialect: str) -> list[tuple[Any, ...]]:
    table = lab.ask(sql, dialect, TODAY).table
    return [tuple(map(_plain, row)) for row in zip(*table.to_pydict().values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat().removesuffix("T00:00:00")
    return round(float(value), 6) if isinstance(value, int | float) and not isinstance(value, bool) else value


@pytest.mark.parametrize("pair", PAIRS)
def test_it_is_answered_as_in_duckdb(ward: PolicyLab, pair: dict[str, str]) -> None:
    ours = answer(ward, pair["same_as"], "duckdb")
    assert ours, pair["about"]
    assert answer(ward, pair["sql"], pair["dialect"]) == ours, pair["about"]


def test_there_are_enough_of_each() -> None:
    counted = Counter(str(pair.id).partition("-")[0] for pair in PAIRS)
    assert all(counted[name] >= least for name, least in LEAST.items())
