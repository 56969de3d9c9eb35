"""Queries inside queries, over people: the guard's answer is that of a slow plain-Python guard, cell by cell.

The questions nest subqueries, windows, groups, set operations and published values; the data are skewed so that the
thresholds bite. A plain count moves by exactly one person's own rows when she is taken out, and no cell that is shown
rests on too few people.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from governance.disclosure import PROFILES
from governance.refusal import Refusal
from query_guard.policy import Answer, Plan, plan_query
from tests.support.guard_policy import PolicyLab, hidden_rows
from tests.support.guard_reference import HIDDEN, told_rows
from tests.support.relations import measures
from tests.support.relations.cells import Cells, Line, difference
from tests.support.relations.drawing import Drawer
from tests.support.relations.hospital import hospital
from tests.support.relations.influence import ALL_CELLS, foreign_influence

pytestmark = pytest.mark.slow

NHS = PROFILES["nhs-sde"]
PLAIN = replace(NHS, threshold=3, round_to=1, residual_dof=3)  # small numbers, so that few people are enough
SMALL = (PLAIN, PLAIN, replace(PLAIN, round_to=5), NHS)
#: Questions at random, the same in every run; a failing one is named by its text, so shrinking is left out.
ALWAYS_THE_SAME = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def lines_of(answer: Answer) -> list[Line]:
    """The answer's lines, HIDDEN where it says so."""
    names = answer.table.column_names
    hidden = {(row, name) for name in names for row in hidden_rows(answer, name)}
    return [
        {name: HIDDEN if (number, name) in hidden else value for name, value in row.items()}
        for number, row in enumerate(answer.table.to_pylist())
    ]


def is_too_wide(lab: PolicyLab, sql: str) -> bool:
    """Whether more of a person's rows meet each with each than may."""
    try:
        plan_query(sql, lab.catalogue, lab.profile)
    except Refusal as refusal:
        assert refusal.code == "join-too-wide", sql
        return True
    return False


def carefulness(plan: Plan) -> tuple[bool, bool]:
    """Whether the guard thinks that rows of people meet each with each, or come in several times. It may think so of
    more questions than the reference, never of fewer."""
    last = [step.cells for step in plan.steps if step.cells is not None][-1]
    return any(one.amplified for one in last.statistics), any(one.copied for one in last.statistics)


@ALWAYS_THE_SAME
@given(chance=st.randoms(use_true_random=True))
def test_answers_are_those_of_the_reference(chance: Random) -> None:
    data, profile = hospital(chance), chance.choice(SMALL)
    post = Drawer(chance, data, profile).post(chance.choice((1, 1, 2)))
    lab = data.lab(profile)
    assume(not is_too_wide(lab, post.sql))
    crossed, copied = carefulness(lab.plan(post.sql))
    assert crossed or copied or not post.multiplied, post.sql
    answer, lines = lab.ask(post.sql), post.lines(crossed=crossed, copied=copied)
    assert not difference(post, lines_of(answer), lines), post.sql
    if not post.margins:
        assert answer.suppressed_cells == sum(value is HIDDEN for line in lines for value in line.values())


@settings(ALWAYS_THE_SAME, max_examples=60)
@given(chance=st.randoms(use_true_random=True))
def test_a_count_moves_by_one_persons_own_rows(chance: Random) -> None:
    data = hospital(chance)
    asked = Drawer(chance, data, PLAIN)
    cells = _counting(asked.cells(1))
    while any(place.kind == "full" for place in cells.joined.places):  # there no relation's key names everybody
        cells = _counting(asked.cells(1))
    assume(not is_too_wide(data.lab(PLAIN), cells.sql))
    shown = _counts(cells, lines_of(data.lab(PLAIN).ask(cells.sql)))
    groups = {_key(line, cells): group for line, group, _ in cells.groups()}
    for key, (rows, people) in shown.items():
        assert people is HIDDEN or people == len(groups[key].people()) >= PLAIN.threshold
        assert rows is HIDDEN or rows == told_rows(groups[key].rows().values(), PLAIN)
    if asked.uses_published:
        return
    person = chance.choice(data.people())
    left = _counts(cells, lines_of(data.without(person).lab(PLAIN).ask(cells.sql)))
    for key, (rows, people) in left.items():
        whole = groups[key].rows()
        others = Counter({one: number for one, number in whole.items() if one != person})
        if HIDDEN not in (rows, shown[key][0]) and all(_is_plain(each) for each in (whole, others)):
            assert shown[key][0] - rows == whole[person], cells.sql
        if HIDDEN not in (people, shown[key][1]):
            assert shown[key][1] - people == bool(whole[person]), cells.sql


def _is_plain(rows: Counter[int]) -> bool:
    """Whether nobody stands out by a number of rows of her own, which would not be told."""
    return told_rows(rows.values(), PLAIN) == rows.total()


def _counting(cells: Cells) -> Cells:
    """The same cells without grouping sets, asked for rows and people."""
    wanted = (
        ("a0", measures.count_rows(None, "count(*)")),
        ("a1", measures.count_people(None, f"count(distinct {cells.joined.person_sql})")),
    )
    return replace(cells, wanted=wanted, grouping="", levels=())


def _counts(cells: Cells, lines: list[Line]) -> dict[tuple[Any, ...], tuple[Any, Any]]:
    return {_key(line, cells): (line["a0"], line["a1"]) for line in lines}


def _key(line: Line, cells: Cells) -> tuple[Any, ...]:
    return tuple(line[name] for name, _ in cells.keys)


@settings(ALWAYS_THE_SAME, max_examples=60)
@given(chance=st.randoms(use_true_random=True))
def test_a_raw_cell_depends_on_its_own_people_only(chance: Random) -> None:
    data = hospital(chance, most_people=20)
    sql = Drawer(chance, data, PLAIN).post(chance.choice((1, 2))).sql
    lab, person = data.lab(ALL_CELLS), chance.choice(data.people())
    assume(not is_too_wide(lab, sql))
    plan = lab.plan(sql)
    assert not foreign_influence(plan, lab, data.without(person).lab(ALL_CELLS), data.only(person).lab(ALL_CELLS)), sql
