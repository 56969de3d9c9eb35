"""What is brought to the desk has the documented form, or nothing happens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from query_guard.differencing import AskedColumn

GOOD: dict[str, Any] = {
    "series": "people",
    "pairs": False,
    "sketches": np.zeros((2, 4), np.uint64),
    "contributors": np.array([10, 20]),
    "values": np.array([10.0, np.nan]),
}


def test_a_good_column_is_taken() -> None:
    assert len(AskedColumn(**GOOD)) == 2
    assert len(AskedColumn(**GOOD | {"pairs": True, "people": np.zeros((2, 4), np.uint64)})) == 2
    assert AskedColumn(**GOOD) != AskedColumn(**GOOD), "by identity: each is settled and concluded for itself"


@pytest.mark.parametrize(
    "change",
    [
        {"series": ""},
        {"series": "x" * 201},
        {"sketches": np.zeros((2, 4), np.int64)},
        {"sketches": np.zeros((3, 4), np.uint64)},
        {"sketches": np.zeros((4, 2), np.uint64)},
        {"contributors": np.array([10.0, 20.0])},
        {"contributors": np.array([10])},
        {"contributors": np.array([10, -1])},
        {"values": np.array([10, 20])},
        {"values": np.array([10.0, np.inf])},
        {"pairs": True},
        {"people": np.zeros((2, 4), np.uint64)},
        {"pairs": True, "people": np.zeros((1, 4), np.uint64)},
    ],
    ids=range(13),
)
def test_a_bad_one_is_not(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        AskedColumn(**GOOD | change)
