"""The rule against differencing, case by case: who keeps whose value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from query_guard.differencing import settling
from query_guard.differencing.anchors import Anchors, Sets, no_anchors
from query_guard.differencing.neighbours import History, grow
from query_guard.differencing.settling import settle_column
from tests.support.differencing_reference import Cell, cell_of, column_of

THRESHOLD = 10
HIDDEN = math.nan


def history_of(*asked: tuple[range | set[int], float], pairs: bool = False) -> History:
    """Sets asked before, oldest first, each with the value it was given."""
    history: History = ()
    for number, (people, value) in enumerate(asked, start=1):
        sets = Sets.of(column_of([cell_of(people)], pairs=pairs))
        history = grow(history, Anchors(sets, np.array([number]), np.array([value]), np.array([number])))
    return history


def given(history: History, *cells: Cell, pairs: bool = False) -> list[float]:
    column = column_of(cells, pairs=pairs)
    return settle_column(history, no_anchors(pairs=pairs), column, THRESHOLD).values.tolist()


def value(history: History, people: range | set[int], own: float | None = None) -> float:
    return given(history, cell_of(people, own))[0]


def test_without_a_near_set_a_cell_keeps_its_own_value() -> None:
    assert value((), range(30)) == 30
    assert value(history_of((range(100, 140), 40)), range(30)) == 30


@pytest.mark.parametrize(("more", "expected"), [(0, 25), (1, 25), (9, 25), (10, 35), (11, 36)])
def test_the_limit_is_the_threshold(more: int, expected: float) -> None:
    assert value(history_of((range(25), 25)), range(25 + more)) == expected


def test_the_nearest_wins() -> None:
    history = history_of((range(30), 30), (range(42), 45))
    assert value(history, range(35)) == 30
    assert value(history, range(37)) == 45


def test_on_a_tie_the_oldest_wins() -> None:
    assert value(history_of((range(30), 30), (range(42), 45)), range(36)) == 30
    assert value(history_of((range(42), 45), (range(30), 30)), range(36)) == 45


def test_a_hidden_neighbour_hides() -> None:
    assert math.isnan(value(history_of((range(30), HIDDEN)), range(33)))
    assert value(history_of((range(30), HIDDEN), (range(39), 40)), range(36)) == 40, "unless a number is nearer"


def test_what_would_be_hidden_is_given_the_number_nearby() -> None:
    assert value(history_of((range(30), 30)), range(32), HIDDEN) == 30


@pytest.mark.parametrize("people", range(1, 10))
def test_fewer_people_than_the_threshold_are_hidden_whatever_is_near(people: int) -> None:
    assert math.isnan(value(history_of((range(10), 10)), range(people)))
    assert math.isnan(value((), range(people), 12345.0)), "even if the caller forgot to hide them"


def test_beside_a_hidden_set_a_small_one_is_hidden_although_it_was_published() -> None:
    """Who leaves out one person at a time from exactly enough learns of the first member, and then nothing more."""
    before = history_of((range(10), 10))
    assert value(before, range(10)) == 10
    after = history_of((range(10), 10), (range(9), HIDDEN))
    assert math.isnan(value(after, range(10)))
    assert math.isnan(value(after, {*range(9), 77}))
    assert value(history_of((range(15), 15), (range(11), HIDDEN)), range(15)) == 15, "a set of 15 keeps its number"


@pytest.mark.parametrize(
    ("people", "shown"), [(12, False), (13, False), (14, True), (15, False), (18, False), (19, True)]
)
def test_to_a_small_set_a_hidden_one_is_near_within_half_the_limit(people: int, shown: bool) -> None:
    """Sets of 10 to 14 would else be near to hidden sets with whom they share nobody."""
    assert math.isnan(value(history_of((range(9), HIDDEN)), range(people))) is not shown


def test_a_true_zero_is_neither_compared_nor_kept() -> None:
    column = column_of([cell_of(()), cell_of(range(3)), cell_of(range(12))])
    settled = settle_column(history_of((range(10), 10)), no_anchors(pairs=False), column, THRESHOLD)
    assert settled.values.tolist() == pytest.approx([0, HIDDEN, 10], nan_ok=True)
    assert settled.kept.tolist() == [2], "nor are the smallest hidden sets kept"
    kept = [settle_column((), no_anchors(pairs=False), column_of([cell_of(range(n))]), 10).kept for n in (4, 5)]
    assert [len(places) for places in kept] == [0, 1]


def test_cells_of_one_answer_are_settled_in_order() -> None:
    assert given((), cell_of(range(30)), cell_of(range(33)), cell_of(range(41))) == [30, 30, 30], "a chain"
    assert given((), cell_of(range(41)), cell_of(range(33)), cell_of(range(30))) == [41, 41, 41]
    assert given(history_of((range(36), 35)), cell_of(range(30)), cell_of(range(24))) == [35, 35]
    assert given((), cell_of(range(9)), cell_of(range(16))) == pytest.approx([HIDDEN, HIDDEN], nan_ok=True)
    assert given((), cell_of(range(16)), cell_of(range(9))) == pytest.approx([16, HIDDEN], nan_ok=True)


def test_columns_of_one_answer_are_settled_against_one_another() -> None:
    whole = settle_column((), no_anchors(pairs=False), column_of([cell_of(range(50))]), THRESHOLD)
    part = settle_column((), whole.anchors, column_of([cell_of(range(47), HIDDEN)]), THRESHOLD)
    assert part.values.tolist() == [50]
    assert part.anchors.chains.tolist() == whole.anchors.ids.tolist()


def test_the_same_set_is_kept_once() -> None:
    column = column_of([cell_of(range(30)), cell_of(range(30)), cell_of(range(31))])
    settled = settle_column(history_of((range(31), 30)), no_anchors(pairs=False), column, THRESHOLD)
    assert settled.values.tolist() == [30, 30, 30]
    assert settled.kept.tolist() == [0]
    assert settled.met.tolist() == [1]


def test_a_set_asked_for_twice_in_one_answer_stands_there_once() -> None:
    """The second time it is hidden, because a hidden set lies beside it by then; its first value goes on to count."""
    cells = [cell_of(range(12)), cell_of(range(8)), cell_of(range(12)), cell_of(range(13))]
    assert given((), *cells) == pytest.approx([12, HIDDEN, HIDDEN, 12], nan_ok=True)


def test_a_changed_contribution_counts_as_a_changed_person() -> None:
    """Over contributions the limit is twice the threshold, because such a person flips two bits."""
    ones = dict.fromkeys(range(40), 1)
    history = history_of((range(40), 40), pairs=True)

    def with_changed(people: int) -> Cell:
        return Cell(ones | dict.fromkeys(range(people), 5), 40 + 4 * people)

    assert given(history, with_changed(9), pairs=True) == [40]
    assert given(history, with_changed(10), pairs=True) == [80]


def test_small_sets_with_nobody_in_common_are_not_near() -> None:
    """Their contributions differ in 19 bits or so; their people tell them apart."""
    history = history_of((range(10), 500), pairs=True)
    assert given(history, Cell(dict.fromkeys(range(100, 110), 3), 30), pairs=True) == [30]


def test_too_many_near_cells_in_one_answer_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "MOST_NEAR_WITHIN", 5)
    assert given((), *[cell_of(range(30))] * 3) == [30, 30, 30]
    with pytest.raises(ValueError, match="too many"):
        given((), *[cell_of(range(30))] * 4)


def test_a_series_is_over_contributions_or_it_is_not() -> None:
    with pytest.raises(ValueError, match="or it is not"):
        given(history_of((range(30), 30)), cell_of(range(30)), pairs=True)
