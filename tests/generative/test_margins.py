"""Random answers with margins: after complementary suppression, attackers who share no code with the guard find no
hidden cell narrower than its protection, and without an attack nothing is hidden."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from query_guard.margins import MarginTable, hide_more
from tests.support.margin_lab import (
    THRESHOLD,
    after,
    counts_with_margins,
    people_with_margins,
    sums_with_margins,
    widths_by_enumeration,
    widths_by_joint_table,
    widths_by_people,
)

pytestmark = pytest.mark.slow

NUMBERS = st.one_of(st.integers(0, 12), st.integers(8, 30), st.integers(0, 200))


@st.composite
def counted_answers(draw: st.DrawFn) -> MarginTable:
    """One to three keys of one to three values; the cube or any grouping sets."""
    keys = draw(st.integers(1, 3))
    counts = draw(arrays.arrays(np.int64, tuple(draw(st.integers(1, 3)) for _ in range(keys)), elements=NUMBERS))
    sets = st.lists(st.integers(0, (1 << keys) - 1), min_size=1, max_size=4, unique=True)
    return counts_with_margins(counts, draw(st.one_of(st.none(), sets)))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(table=counted_answers())
def test_counts_by_whole_joint_tables(table: MarginTable) -> None:
    more = hide_more(table, np.full(len(table.true), float(THRESHOLD)))
    assert not (more & table.hidden).any()
    assert not (widths_by_joint_table(table, after(table, more)) < THRESHOLD - 1e-6).any()
    if more.any():  # nothing is hidden for nothing (a wish, not a promise: hence the same examples every time)
        assert (widths_by_joint_table(table, table.published) < THRESHOLD - 1e-6).any()


@settings(max_examples=60, deadline=None)
@given(
    counts=arrays.arrays(np.int64, st.sampled_from([(2, 2), (3,), (4,), (2, 1)]), elements=st.integers(0, 14)),
    rollup=st.booleans(),
)
def test_counts_by_trying_everything(counts: np.ndarray, rollup: bool) -> None:
    table = counts_with_margins(counts, [0, 1, 3] if rollup and counts.ndim == 2 else None)
    published = after(table, hide_more(table, np.full(len(table.true), float(THRESHOLD))))
    hidden = np.isnan(published)
    if hidden.any():
        assert widths_by_enumeration(table, published, 24)[hidden].min() >= THRESHOLD


@settings(max_examples=60, deadline=None)
@given(data=st.data(), shape=st.sampled_from([(2,), (3,), (4,), (2, 2), (2, 3)]), one_group_keys=st.integers(0, 3))
def test_people_by_the_groups_they_fall_in(data: st.DataObject, shape: tuple[int, ...], one_group_keys: int) -> None:
    groups = list(itertools.product(*map(range, shape)))
    single = [key for key in range(len(shape)) if one_group_keys >> key & 1]
    some = st.frozensets(st.sampled_from(groups), min_size=1, max_size=4).map(
        lambda rows: frozenset(
            tuple(min(rows)[key] if key in single else row[key] for key in range(len(shape))) for row in rows
        )
    )
    people = data.draw(st.lists(st.tuples(some, st.integers(1, 15)), min_size=1, max_size=6))
    table = people_with_margins(people, len(shape), one_group_keys)
    primary = data.draw(arrays.arrays(np.bool_, len(table.true)))  # hidden for other reasons
    table = replace(table, published=np.where(primary, np.nan, table.published))
    unsaid = replace(
        table, one_group_keys=0
    )  # the attacker knows which keys people have one value of, we were not told
    more = hide_more(data.draw(st.sampled_from([table, unsaid])), np.full(len(table.true), float(THRESHOLD)))
    assert not (widths_by_people(table, after(table, more)) < THRESHOLD - 1e-6).any()


@settings(max_examples=60, deadline=None)
@given(data=st.data(), shape=st.sampled_from([(2,), (2, 2), (3, 2), (2, 2, 2)]))
def test_sums_by_joint_tables(data: st.DataObject, shape: tuple[int, ...]) -> None:
    sums = data.draw(arrays.arrays(np.float64, shape, elements=st.floats(0, 1e6).filter(lambda x: x == 0 or x > 1e-3)))
    hidden = data.draw(arrays.arrays(np.bool_, shape))
    table = sums_with_margins(sums, hidden)
    share = data.draw(st.sampled_from([0.02, 0.2, 1.0]))
    protection = np.maximum(share * table.true, 1e-3 * table.true.max())
    widths = widths_by_joint_table(table, after(table, hide_more(table, protection)))
    assert not (widths < protection * (1 - 1e-6)).any()
