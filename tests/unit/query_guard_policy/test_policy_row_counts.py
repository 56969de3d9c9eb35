"""How many rows a cell is said to have, against a slow count in plain Python."""

from __future__ import annotations

from random import Random

import numpy as np
import pyarrow as pa
import pytest

from governance.disclosure import PROFILES
from query_guard.policy.row_counts import shared_rows
from query_guard.policy.rules.cells import Cells
from tests.support import guard_reference

NHS = PROFILES["nhs-sde"]


def told(*cells: dict[int, int]) -> list[int]:
    """What is told of cells, each given as rows -> people with so many."""
    spread = pa.array([list(cell.items()) for cell in cells], type=pa.map_(pa.int64(), pa.uint64()))
    total = np.array([sum(rows * people for rows, people in cell.items()) for cell in cells], dtype=np.float64)
    return [int(number) for number in shared_rows(Cells(pa.table({"n_counts": spread})), "n_counts", total, NHS)]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ({1: 300}, 300),
        ({5: 303}, 5 * 303),
        ({1: 296, 9: 4}, 300),  # the four with nine rows count like the others
        ({1: 150, 2: 150, 9: 4}, 150 + 2 * 154),
        ({3: 290, 1: 9}, 3 * 299),
        ({1: 290, 9: 5, 7: 5}, 290 + 80),  # ten who differ
        ({1: 9, 2: 9, 3: 9}, 54),  # no number is common
        ({2: 10, 4: 9}, 2 * 19),
        ({}, 0),
    ],
    ids=range(9),
)
def test_rows_of_a_few_count_like_those_of_the_others(cell: dict[int, int], number: int) -> None:
    assert told(cell) == [number]


def test_cells_do_not_mix() -> None:
    assert told({7: 3}, {1: 300}, {7: 3, 9: 300}, {}, {1: 2, 2: 50, 3: 1}) == [21, 300, 9 * 303, 0, 106]
    assert told() == []


def test_it_is_the_reference() -> None:
    chance = Random(11)
    cells = [
        {chance.randint(1, 12): chance.choice((1, 3, 8, 10, 12, 40)) for _ in range(chance.randint(0, 6))}
        for _ in range(400)
    ]
    each = [[rows for rows, people in cell.items() for _ in range(people)] for cell in cells]
    assert told(*cells) == [guard_reference.shared_rows(rows, NHS) for rows in each]
