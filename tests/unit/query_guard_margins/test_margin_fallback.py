"""What happens when a table is too large or takes too much work: margins go, nothing that was hidden comes back."""

from __future__ import annotations

import numpy as np
import pytest

from query_guard.margins import hide_more, programs, relations, unasked
from query_guard.margins.fallback import keep_finest
from tests.support.margin_lab import THRESHOLD, after, counts_with_margins, widths_by_joint_table

COUNTS = np.array([[4, 20, 30], [30, 40, 50], [60, 3, 70]])


def protection(cells: int) -> np.ndarray:
    return np.full(cells, float(THRESHOLD))


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [
        pytest.param(relations, "MOST_CELLS", 10, id="cells"),
        pytest.param(relations, "MOST_LEVELS", 3, id="levels"),
        pytest.param(programs, "MOST_WORK", 120, id="work", marks=pytest.mark.slow),
    ],
)
def test_beyond_a_limit_all_margins_are_hidden(
    monkeypatch: pytest.MonkeyPatch, module: object, limit: str, value: int
) -> None:
    monkeypatch.setattr(module, limit, value)
    table = counts_with_margins(COUNTS)
    more = hide_more(table, protection(16))
    assert np.array_equal(more, table.levels > 0)
    assert np.nanmin(widths_by_joint_table(table, after(table, more))) >= THRESHOLD


def test_nothing_hidden_needs_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "MOST_CELLS", 0)
    table = counts_with_margins(COUNTS + 20)
    assert not hide_more(table, protection(16)).any()


@pytest.mark.parametrize(
    ("row", "costs"),
    [
        pytest.param([12, 20], {(0, 0)}, id="two-cells-of-base-5-leave-seven"),
        pytest.param([20, 30, 40], set(), id="three-leave-twelve"),
        pytest.param([4, 20], set(), id="one-hidden-is-enough"),
    ],
)
def test_a_hidden_margin_of_few_shown_cells_costs_the_smallest(row: list[int], costs: set[tuple[int, int]]) -> None:
    table = counts_with_margins(np.array([row, [50] * len(row)]), levels=[0, 0b10])
    hidden = keep_finest(table, np.where(table.keys[:, 0] == 0, float(THRESHOLD), 0.0))
    finest = table.levels == 0
    assert {tuple(keys) for keys in table.keys[hidden & finest & ~table.hidden].tolist()} == costs
    assert hidden[~finest].all()


def test_without_a_level_that_refines_all_everything_is_hidden() -> None:
    table = counts_with_margins(COUNTS, levels=[0b01, 0b10])
    assert keep_finest(table, protection(6)).all()


def test_values_for_unasked_cells_that_are_not_found_hide_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        x = None

    monkeypatch.setattr(unasked, "milp", lambda *_, **__: Nothing())
    table = counts_with_margins(np.array([[2, 2], [20, 20]]), levels=[0b01, 0b10])
    assert (hide_more(table, protection(4)) | table.hidden).all()


def test_what_is_hidden_stays_hidden_and_is_not_reported_again() -> None:
    table = counts_with_margins(COUNTS)
    assert not (hide_more(table, protection(16)) & table.hidden).any()
