"""Random questions of the whole language: none makes the guard or DuckDB fail, and each is read as it was meant.

What is planned runs over the nastiest data and over none, names exactly the functions it calls, and passes the strict
cross-check; and a raw cell never depends on a person who is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pyarrow as pa
import pytest

from governance.refusal import Refusal
from query_guard.crosscheck import cross_check
from query_guard.policy import Plan
from tests.support.guard_grammar_nested import NestedGrammar
from tests.support.guard_policy import PolicyLab
from tests.support.relations.hospital import hospital
from tests.support.relations.influence import ALL_CELLS, foreign_influence
from tests.support.relations.nasty import nasty_lab

pytestmark = pytest.mark.slow


class PlainParser:
    """DuckDB's parser, for the cross-check."""

    def __init__(self, lab: PolicyLab) -> None:
        self._engine = lab.data

    def ask(self, sql: str) -> pa.Table:
        """See query_guard.crosscheck.Parser."""
        return self._engine.sql(sql).to_arrow_table()


@pytest.fixture(scope="module")
def nasty() -> PolicyLab:
    return nasty_lab()


@pytest.fixture(scope="module")
def empty() -> PolicyLab:
    return PolicyLab()


def planned(lab: PolicyLab, seeds: range, nonsense: float) -> Iterator[tuple[int, str, Plan]]:
    """The questions of these seeds that the guard plans (which also compares the plan's functions with DuckDB's)."""
    for seed in seeds:
        sql = NestedGrammar(Random(seed), nonsense).question()
        try:
            yield seed, sql, lab.plan(sql)
        except Refusal as refusal:
            assert refusal.code != "guard-failed", (seed, sql)


@pytest.mark.parametrize("block", range(8))
def test_what_is_planned_runs_and_is_read_as_meant(nasty: PolicyLab, empty: PolicyLab, block: int) -> None:
    parser = PlainParser(empty)
    for _, _, plan in planned(nasty, range(block * 40, block * 40 + 40), 0.01):
        cross_check(plan, nasty.catalogue, parser)
        nasty.run(plan)
        empty.run(plan)


def test_nonsense_is_refused_or_runs(nasty: PolicyLab) -> None:
    for _, _, plan in planned(nasty, range(100_000, 100_150), 0.2):
        nasty.run(plan)


def test_enough_of_the_questions_are_planned(nasty: PolicyLab) -> None:
    assert sum(1 for _ in planned(nasty, range(200), 0.0)) > 70


@pytest.mark.parametrize("block", range(3))
def test_a_raw_cell_depends_on_its_own_people_only(block: int) -> None:
    chance = Random(block)
    data = hospital(chance, most_people=20)
    person = chance.choice(data.people())
    lab, without, alone = (one.lab(ALL_CELLS) for one in (data, data.without(person), data.only(person)))
    for _, sql, plan in planned(lab, range(200_000 + block * 50, 200_050 + block * 50), 0.0):
        assert not foreign_influence(plan, lab, without, alone), sql
