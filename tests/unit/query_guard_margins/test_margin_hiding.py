"""Hand-made tables with margins: what else is hidden, and that it is enough for attackers who share no code with us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

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

A, B = 0b01, 0b10


def hidden_more(table: MarginTable, protection: float = THRESHOLD) -> NDArray[np.bool_]:
    return hide_more(table, np.full(len(table.true), float(protection)))


def cells(table: MarginTable, which: NDArray[np.bool_]) -> set[tuple[int, ...]]:
    return {tuple(keys) for keys in table.keys[which].tolist()}


def least_width(table: MarginTable, more: NDArray[np.bool_]) -> float:
    return float(np.nanmin(widths_by_joint_table(table, after(table, more))))


NONE = np.zeros(0, dtype=bool)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([4, 20, 30], set(), id="two-others-blur-it"),  # 28..32 + 18..22 from 52..57 leaves 0..11
        pytest.param([4, 20], {(0,), (1,)}, id="one-other-does-not"),
        pytest.param([4, 3, 40], {(2,)}, id="two-hidden-that-are-nine-at-most-together"),
        pytest.param([4, 3, 40, 40], set(), id="two-hidden"),
        pytest.param([20, 30, 40], set(), id="none-hidden"),
        pytest.param([4], set(), id="all-hidden"),
        pytest.param([0, 0, 12], set(), id="zeros-are-no-cells"),
    ],
)
def test_one_key_with_its_total(counts: list[int], expected: set[tuple[int, ...]]) -> None:
    table = counts_with_margins(np.array(counts))
    more = hidden_more(table)
    assert cells(table, more | table.hidden) - cells(table, table.hidden) == expected - cells(table, table.hidden)


def test_two_by_two_with_one_hidden_cell_hides_a_rectangle() -> None:
    table = counts_with_margins(np.array([[4, 20], [30, 40]]))
    assert least_width(table, np.zeros_like(table.hidden)) < THRESHOLD  # the attack works without us
    more = hidden_more(table)
    assert cells(table, more) == {(0, 1), (1, 0), (1, 1)}
    assert least_width(table, more) >= THRESHOLD


def test_a_margin_is_hidden_where_no_cell_can_help() -> None:
    table = counts_with_margins(np.array([[4, 20]]), levels=[0, A])  # margins of the two columns are the cells
    assert cells(table, hidden_more(table)) == set()  # hidden cell, hidden margin
    known = replace(table, published=np.array([np.nan, 20, 5, 20]))
    assert cells(known, hidden_more(known)) == {(-1, 0)}


def test_the_cheapest_cells_are_taken() -> None:
    table = counts_with_margins(np.array([[4, 200], [20, 300], [500, 400]]))
    more = hidden_more(table)
    assert least_width(table, more) >= THRESHOLD
    assert cells(table, more).isdisjoint({(2, 0), (2, 1), (-1, -1)})


def test_margins_are_dearer_than_cells() -> None:
    table = counts_with_margins(np.array([[18, 4, 15], [5, 34, 18]]))
    more = hidden_more(table)
    assert more.any()
    assert not more[table.levels > 0].any()
    assert least_width(table, more) >= THRESHOLD


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param([[4, 12], [11, 14]], id="2x2"),
        pytest.param([[4, 12], [13, 0]], id="2x2-with-a-zero"),
        pytest.param([[4, 0], [0, 14]], id="diagonal"),
        pytest.param([[4, 12], [3, 14]], id="two-in-a-column"),
        pytest.param([[1, 10], [10, 10]], id="just-at-the-threshold"),
    ],
)
def test_no_table_of_whole_numbers_pins_a_cell_down(counts: list[list[int]]) -> None:
    table = counts_with_margins(np.array(counts))
    published = after(table, hidden_more(table))
    widths = widths_by_enumeration(table, published, 24)
    assert widths[np.isnan(published) & (table.levels == 0)].min() >= THRESHOLD


@pytest.mark.parametrize(
    "levels",
    [
        pytest.param(None, id="cube"),
        pytest.param([0, 0b100, 0b110, 0b111], id="rollup"),
        pytest.param([0b001, 0b010, 0b100], id="three-pairs-of-keys"),
        pytest.param([0b011, 0b101, 0b110], id="three-single-keys"),
        pytest.param([0, 0b111], id="cells-and-total"),
        pytest.param([0b001, 0b110], id="pair-and-single"),
    ],
)
def test_three_keys(levels: Sequence[int] | None) -> None:
    counts = np.array([[[3, 40], [20, 30]], [[25, 60], [35, 15]], [[50, 11], [2, 70]]])
    table = counts_with_margins(counts, levels)
    table = replace(table, published=np.where(table.true == table.true.min(), np.nan, table.published))
    more = hidden_more(table)
    assert least_width(table, more) >= THRESHOLD


def test_two_margins_without_their_total_tell_of_one_another() -> None:
    table = counts_with_margins(np.array([[2, 2], [20, 20]]), levels=[A, B])  # columns 22, 22; rows 4, 40
    assert least_width(table, np.zeros_like(table.hidden)) < THRESHOLD
    assert least_width(table, hidden_more(table)) >= THRESHOLD


@pytest.mark.parametrize(("protection", "hides"), [(0, 0), (8, 0), (9, 2)])
def test_the_protection_is_the_boundary(protection: int, hides: int) -> None:
    table = counts_with_margins(np.array([4, 20]))  # total 23..27 less 18..22: the first is 1..9
    assert hidden_more(table, protection).sum() == hides - (hides > 0)


def test_cells_without_protection_may_be_pinned_down() -> None:
    table = counts_with_margins(np.array([[4, 20], [30, 40]]))
    only_primary = hide_more(table, np.where(table.hidden, float(THRESHOLD), 0.0))
    assert only_primary.sum() <= hidden_more(table).sum()
    widths = widths_by_joint_table(table, after(table, only_primary))
    assert (widths[table.hidden] >= THRESHOLD).all()


def test_the_order_of_the_rows_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    table = counts_with_margins(rng.poisson(14, (3, 2, 2)))
    more = hidden_more(table)
    assert more.any()
    order = rng.permutation(len(more))
    shuffled = replace(
        table,
        **{name: getattr(table, name)[order] for name in ("levels", "keys", "published", "true", "half_widths")},
    )
    assert np.array_equal(hidden_more(shuffled), more[order])
    assert np.array_equal(hidden_more(table), more)


def test_a_plain_group_by_has_nothing_to_work_out() -> None:
    table = counts_with_margins(np.array([[4, 20], [30, 40]]), levels=[0])
    assert not hidden_more(table).any()


def test_only_a_total() -> None:
    table = MarginTable(
        np.array([0]), np.zeros((1, 0), dtype=np.int64), np.array([np.nan]), np.array([4.0]), np.array([2.5]), True
    )
    assert not hidden_more(table).any()


def test_no_cells_at_all() -> None:
    table = counts_with_margins(np.zeros((2, 2), dtype=np.int64))
    assert hide_more(table, np.zeros(0)).shape == (0,)


@pytest.mark.parametrize(("least_hidden", "hides"), [(0, False), (1, True)])
def test_listed_hidden_groups_are_known_to_have_a_member(least_hidden: int, hides: bool) -> None:
    table = counts_with_margins(np.array([2, 20, 20]))  # total 38..42 less 36..44: the first is 0..6, or 1..6
    assert hidden_more(replace(table, least_hidden=least_hidden), 6).any() == hides


def test_a_value_taken_over_from_an_earlier_answer_blurs_more() -> None:
    table = counts_with_margins(np.array([4, 20]))
    wide = replace(table, half_widths=np.array([2.5, 11.5, 2.5]))
    assert hidden_more(table).any()
    assert not hidden_more(wide).any()


# ---- people who may fall in several groups


def falls(*groups: tuple[int, ...]) -> frozenset[tuple[int, ...]]:
    return frozenset(groups)


def test_people_in_several_groups_leave_doubt_that_sums_would_not() -> None:
    people = [(falls((0,), (1,)), 4), (falls((1,)), 26)]
    table = people_with_margins(people, 1)
    assert not hidden_more(table).any()
    assert hidden_more(
        replace(table, published=np.array([np.nan, 30, 35]), true=np.array([4.0, 30, 34]), additive=True)
    ).any()


def test_a_group_that_is_all_of_its_margin_gives_it_away() -> None:
    table = people_with_margins([(falls((0,)), 30)], 1)
    margin_hidden = replace(table, published=np.array([30, np.nan]))
    assert hidden_more(margin_hidden).tolist() == [True, False]


def test_over_keys_with_one_value_a_person_people_add_up() -> None:
    people = [(falls((0, 0)), 4), (falls((1, 0), (1, 1)), 20), (falls((1, 1)), 20)]
    table = people_with_margins(people, 2, one_group_keys=A)
    assert np.nanmin(widths_by_people(table, table.published)) < THRESHOLD  # for a reader who knows that
    more = hidden_more(table)
    assert np.nanmin(widths_by_people(table, after(table, more))) >= THRESHOLD
    assert np.array_equal(hidden_more(replace(table, one_group_keys=0)), more)  # it is noticed


def test_people_who_add_up_everywhere_are_treated_like_rows() -> None:
    people = [(falls((0,)), 4), (falls((1,)), 20)]
    assert np.array_equal(
        hidden_more(people_with_margins(people, 1)), hidden_more(counts_with_margins(np.array([4, 20])))
    )


def test_two_margins_of_people_without_their_total() -> None:
    table = counts_with_margins(np.array([[2, 2], [20, 20]]), levels=[A, B])
    assert hidden_more(table).any()
    assert np.array_equal(hidden_more(table), hidden_more(replace(table, additive=False)))


# ---- sums


def test_sums_are_protected_by_their_own_width() -> None:
    sums, hidden = np.array([[40.0, 210], [330, 460]]), np.array([[True, False], [False, False]])
    table = sums_with_margins(sums, hidden)
    protection = np.full(9, 55.5)
    widths = widths_by_joint_table(table, after(table, hide_more(table, protection)))
    assert np.nanmin(widths) >= 55.5 * (1 - 1e-9)


def test_sums_of_very_different_size() -> None:
    sums = np.array([[0.02, 2.1e9], [33.0, 4.6e4]])
    table = sums_with_margins(sums, np.array([[True, False], [False, False]]))
    protection = np.maximum(table.true * 0.2, 0.01)
    widths = widths_by_joint_table(table, after(table, hide_more(table, protection)))
    hidden = ~np.isnan(widths)
    assert (widths[hidden] >= protection[hidden] * (1 - 1e-6)).all()


def test_sums_that_may_be_negative_are_unbounded_when_hidden() -> None:
    table = MarginTable(
        levels=np.array([0, 0, 0, 1]),
        keys=np.array([[0], [1], [2], [-1]]),
        published=np.array([np.nan, np.nan, -5.0, -9.0]),
        true=np.array([-7.0, 3.0, -5.0, -9.0]),
        half_widths=np.full(4, 0.5),
        additive=True,
        whole=False,
        nonnegative=False,
    )
    assert not hidden_more(table, 1e6).any()


# ---- mistakes of the caller


@pytest.mark.parametrize(
    "protection",
    [np.full(3, 10.0), np.full(9, -1.0), np.full(9, np.nan), np.full(9, np.inf)],
    ids=["length", "negative", "nan", "infinite"],
)
def test_protection_must_be_a_number_for_each_cell(protection: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="protection"):
        hide_more(counts_with_margins(np.array([[4, 20], [30, 40]])), protection)


def test_true_values_that_do_not_add_up_are_refused() -> None:
    table = counts_with_margins(np.array([4, 20, 30]))
    with pytest.raises(ValueError, match="contradict"):
        hidden_more(replace(table, true=np.array([4.0, 20, 30, 53])))


def test_a_margin_above_all_its_parts_is_refused() -> None:
    table = people_with_margins([(falls((0,), (1,)), 4), (falls((1,)), 26)], 1)
    with pytest.raises(ValueError, match="contradict"):
        hidden_more(replace(table, true=np.array([1.0, 29, 31]), published=np.array([np.nan, 30, 30])))
