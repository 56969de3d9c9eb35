"""Random questions over the nastiest data DuckDB can hold: a plan never fails while it runs, and DuckDB reads its
text as meant.

An expression that raises on some data is a one-bit channel about that data; its error text often holds a value.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.refusal import Refusal
from tests.support.guard_grammar import Grammar
from tests.support.guard_policy import PolicyLab


@pytest.fixture(scope="module")
def nasty() -> PolicyLab:
    """Extremes of every type, missing people and missing values."""
    lab, chance = PolicyLab(), random.Random(7)
    births = ["1950-01-01", "infinity", "-infinity", None, "294247-01-10 04:00:54", "290308-12-22 (BC) 00:00:00"]
    texts = ["M", "F", "", None, "12", "1e999", "2020-01-01", "é%_\\'"]
    years = [1950, 1960, None, 2**31 - 1, -(2**31)]
    codes = [8507, 8532, None, 2**63 - 1, -(2**63)]
    lab.fill("person", [(n, *map(chance.choice, (codes, years, births, texts, ["a", "b"]))) for n in range(60)])
    days = ["2020-01-01", "infinity", "-infinity", None, "5881580-07-10", "290000-01-01 (BC)"]
    values = [1.0, 0.0, -1.5, float("inf"), float("-inf"), float("nan"), 1e308, -1e308, None, 1e-320]
    supplies, costs = [0, 1, 30, None, 2**31 - 1, -(2**31)], ["1.5", "999999999999999.999", None, "-3"]
    columns: tuple[list[Any], ...] = ([1, 2, 3], days, values, supplies, costs, [True, False, None])
    people = [None, *range(60)]
    lab.fill(
        "measurement", [(n, chance.choice(people), n // 2, *map(chance.choice, columns), b"x") for n in range(200)]
    )
    lab.fill("concept", [(1, "one", "Gender", "Gender", 1.0), (2, "two", "Gender", "x", float("inf"))])
    return lab.fill("concept", [(3, "three", None, "x", float("nan")), (8507, "Male", "Gender", "Gender", None)])


@pytest.mark.slow
@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(chance=st.randoms(use_true_random=False))
def test_what_is_planned_runs(nasty: PolicyLab, chance: random.Random) -> None:
    sql = Grammar(chance).question()
    try:
        plan = nasty.plan(sql)
    except Refusal as refusal:
        assert refusal.code != "guard-failed", sql
        return
    nasty.run(plan)


def test_most_questions_of_the_grammar_are_answered(nasty: PolicyLab) -> None:
    answered = 0
    for seed in range(30):
        try:
            nasty.plan(Grammar(random.Random(seed)).question())
            answered += 1
        except Refusal:
            continue
    assert answered > 15
