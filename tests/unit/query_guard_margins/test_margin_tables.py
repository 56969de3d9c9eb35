"""What a table may say, and what a reader knows of a published cell, at its boundaries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from query_guard.margins import MarginTable


def one_cell(true: float, published: float, half_width: float, **more: Any) -> MarginTable:
    return MarginTable(
        levels=np.array([0]),
        keys=np.array([[0]]),
        published=np.array([published]),
        true=np.array([true]),
        half_widths=np.array([half_width]),
        additive=True,
        **more,
    )


@pytest.mark.parametrize(
    ("true", "published", "half_width", "least", "expected"),
    [
        pytest.param(23, 25, 2.5, 10, (23, 27), id="base-5-lowest"),
        pytest.param(27, 25, 2.5, 10, (23, 27), id="base-5-highest"),
        pytest.param(12, 10, 2.5, 10, (10, 12), id="threshold-cuts-the-interval"),
        pytest.param(12, 10, 2.5, 0, (8, 12), id="no-threshold-known"),
        pytest.param(14, 10, 5, 0, (5, 14), id="base-10-is-not-symmetric"),
        pytest.param(17, 17, 0.5, 10, (17, 17), id="not-rounded-by-base-1"),
        pytest.param(17, 17, 0, 10, (17, 17), id="not-rounded"),
        pytest.param(0, 0, 2.5, 10, (0, 0), id="a-published-zero-is-a-zero"),
        pytest.param(2, 0, 2.5, 0, (0, 2), id="small-without-threshold"),
        pytest.param(31, 25, 11.5, 10, (14, 36), id="taken-over-from-an-earlier-answer"),
        pytest.param(0, 10, 11.5, 10, (0, 21), id="empty-now-but-taken-over"),
    ],
)
def test_known_bounds_of_counts(
    true: float, published: float, half_width: float, least: float, expected: tuple[float, float]
) -> None:
    low, high = one_cell(true, published, half_width, least_published=least).known_bounds()
    assert (low[0], high[0]) == expected


def test_known_bounds_of_sums_are_the_interval_itself() -> None:
    low, high = one_cell(1234.5, 1230, 5, whole=False).known_bounds()
    assert (low[0], high[0]) == (1225, 1235)


def test_known_bounds_of_numbers_that_may_be_negative() -> None:
    low, high = one_cell(-3.2, -3, 0.5, whole=False, nonnegative=False).known_bounds()
    assert (low[0], high[0]) == (-3.5, -2.5)


GOOD = MarginTable(
    levels=np.array([0, 0, 1]),
    keys=np.array([[0], [1], [-1]]),
    published=np.array([np.nan, 20, 25]),
    true=np.array([4.0, 20, 24]),
    half_widths=np.full(3, 2.5),
    additive=True,
)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param({"true": np.array([4.0, 20])}, "one entry a cell", id="lengths"),
        pytest.param({"keys": np.array([0, 1, -1])}, "one entry a cell", id="keys-flat"),
        pytest.param({"keys": np.array([[0], [1], [2]])}, "exactly where its bit", id="margin-with-a-key"),
        pytest.param({"keys": np.array([[0], [-1], [-1]])}, "exactly where its bit", id="cell-without-a-key"),
        pytest.param({"keys": np.array([[0], [-2], [-1]])}, "exactly where its bit", id="negative-code"),
        pytest.param({"keys": np.array([[1], [1], [-1]])}, "same level and keys", id="twice"),
        pytest.param({"true": np.array([4.5, 20, 24.5])}, "whole numbers", id="fractions"),
        pytest.param({"true": np.array([np.nan, 20, 24])}, "finite", id="nan"),
        pytest.param({"true": np.array([-4.0, 20, 24])}, "below zero", id="negative"),
        pytest.param({"true": np.array([4.0, 20, 28])}, "half width", id="too-far"),
    ],
)
def test_contradictions_are_refused_without_a_value(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text) as refused:
        replace(GOOD, **change)
    assert not any(digit in str(refused.value) for digit in "23456789")


def test_hidden_cells_have_no_published_value() -> None:
    assert GOOD.hidden.tolist() == [True, False, False]
