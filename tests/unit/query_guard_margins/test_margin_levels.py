"""Which levels are related: the ones nobody asked for, and no pair twice."""

from __future__ import annotations

import numpy as np
import pytest

from query_guard.margins.cells import OutOfReachError, cells_of_levels, parents
from query_guard.margins.levels import covering_pairs, finest_of, related_levels

A, B, C = 0b001, 0b010, 0b100
TWO, THREE = A | B, A | B | C


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param([0], (0,), id="plain-group-by"),
        pytest.param([0, B, TWO], (0, B, TWO), id="rollup"),
        pytest.param([0, A, B, TWO], (0, A, B, TWO), id="cube"),
        pytest.param([0, A, B], (0, A, B, TWO), id="two-margins-share-a-total-nobody-asked-for"),
        pytest.param([A, B], (A, B, TWO), id="no-finest-level-but-no-circle"),
    ],
)
def test_common_margins_are_added(shown: list[int], expected: tuple[int, ...]) -> None:
    assert related_levels(shown, TWO, 0) == expected


def test_a_circle_of_keys_needs_the_level_that_refines_it() -> None:
    assert 0 in related_levels([A, B, C], THREE, 0)  # (b,c), (a,c), (a,b)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param([A, C], id="chain"),  # (b,c), (a,b)
        pytest.param([A | B, A | C, B | C], id="three-single-keys"),
        pytest.param([A, B | C], id="one-beside-two"),
        pytest.param([0, A, B, C], id="finest-asked"),
    ],
)
def test_without_a_circle_no_finer_level_is_made_up(shown: list[int]) -> None:
    assert set(finest_of(related_levels(shown, THREE, 0))) <= set(shown)


def test_four_keys_in_a_ring_are_a_circle_too() -> None:
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0)]
    shown = [0b1111 & ~(1 << one | 1 << two) for one, two in pairs]
    assert 0 in related_levels(shown, 0b1111, 0)


def test_a_step_over_keys_of_both_kinds_is_taken_in_turns() -> None:
    assert related_levels([0, TWO], TWO, A) == (0, A, B, TWO)
    assert related_levels([0, TWO], TWO, 0) == (0, TWO)


def test_only_neighbouring_levels_are_paired() -> None:
    assert set(covering_pairs([0, A, B, TWO])) == {(0, A), (0, B), (A, TWO), (B, TWO)}
    assert set(covering_pairs([0, TWO])) == {(0, TWO)}


def test_cells_of_unasked_levels_are_those_with_people() -> None:
    sex_by_ward = np.array([[0, 0], [0, 1], [1, 1]])
    cells = cells_of_levels({0: sex_by_ward}, (0, A, TWO), 100)
    assert cells[A].tolist() == [[-1, 0], [-1, 1]]
    assert cells[TWO].tolist() == [[-1, -1]]


def test_cells_of_a_finer_level_are_the_combinations_that_all_margins_allow() -> None:
    shown = {C: np.array([[0, 0, -1], [1, 1, -1]]), A: np.array([[-1, 0, 5], [-1, 1, 6]]), B: np.array([[0, -1, 5]])}
    assert cells_of_levels(shown, (0, A, B, C), 100)[0].tolist() == [[0, 0, 5]]


def test_too_many_combinations_are_out_of_reach() -> None:
    codes = np.arange(2_000)
    shown = {A: np.stack([np.full(2_000, -1), codes], axis=1), B: np.stack([codes, np.full(2_000, -1)], axis=1)}
    with pytest.raises(OutOfReachError):
        cells_of_levels(shown, (0, A, B), 10_000_000)


def test_too_many_cells_are_out_of_reach() -> None:
    with pytest.raises(OutOfReachError):
        cells_of_levels({0: np.arange(20)[:, None]}, (0, A), 20)


def test_a_cell_without_a_margin_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="no margin"):
        parents(np.array([[0, 1]]), np.array([[-1, 0]]), A)


@pytest.mark.parametrize("keys", [3, 4, 5, 6])
def test_margins_in_a_circle_are_related_by_the_whole_table_and_those_in_a_chain_are_not(keys: int) -> None:
    """Tables of keys 1 and 2, 2 and 3, and so on: only where the last meets the first does the whole table matter."""
    every, pairs = 2**keys - 1, [1 << key | 1 << key + 1 for key in range(keys - 1)]
    chain = related_levels([every & ~pair for pair in pairs], every, 0)
    circle = related_levels([every & ~pair for pair in (*pairs, 1 | 1 << keys - 1)], every, 0)
    assert 0 not in chain
    assert 0 in circle
