"""How wide the interval around a hidden number has to stay."""

from __future__ import annotations

import numpy as np
import pytest

from governance.disclosure import PROFILES
from query_guard.margins import protection_of_counts, protection_of_sums

PROFILE = PROFILES["nhs-sde"]  # threshold 10, p 0.10


def test_counts_are_protected_by_the_threshold() -> None:
    assert protection_of_counts(2, PROFILE).tolist() == [10, 10]
    assert protection_of_counts(1, PROFILES["hes"]).tolist() == [8]


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        pytest.param(100.0, 50.0, id="ten-people-of-five-each"),
        pytest.param(900.0, 180.0, id="p-rule-both-ways"),
        pytest.param(np.nan, 190.0, id="largest-unknown-the-sum-stands-in"),
    ],
)
def test_sums_by_the_larger_of_two_rules(largest: float, expected: float) -> None:
    widths = protection_of_sums(np.array([950.0, 50.0]), np.array([100.0, 100.0]), np.array([largest, 1.0]), PROFILE)
    assert widths.tolist() == pytest.approx([expected, 50.0])


def test_a_hidden_sum_of_zero_is_protected_too() -> None:
    widths = protection_of_sums(np.array([0.0, 500.0]), np.array([0.0, 50.0]), np.array([0.0, 10.0]), PROFILE)
    assert widths[0] == 100


def test_nothing_at_all_needs_no_protection() -> None:
    assert protection_of_sums(np.zeros(2), np.zeros(2), np.zeros(2), PROFILE).tolist() == [0, 0]
