"""Values for the cells that nobody asked for, so that the whole table is one that could be true.

Promise: the true values of the asked cells are kept as they are, and checked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from query_guard.margins.cells import OutOfReachError
from query_guard.margins.relations import Relations
from query_guard.margins.table import MarginTable, Numbers

_SLACK = 1e-9  # relative, for sums of DOUBLEs
_MOST_BRANCHES = 100


def complete(table: MarginTable, relations: Relations) -> Numbers:
    """(relations.size,) values that satisfy all relations. Which ones does not matter: they are one more table that a
    reader cannot rule out.

    Raises:
        ValueError: the true values break a relation.
        OutOfReachError: no values were found.
    """
    values = table.true
    if relations.size > len(values):
        values = np.concatenate([values, _found(table, relations)])
    equal, spare = relations.equal @ values, relations.at_least @ values
    if (np.abs(equal) > _SLACK * (abs(relations.equal) @ np.abs(values))).any() or (
        spare < -_SLACK * (abs(relations.at_least) @ np.abs(values))
    ).any():
        raise ValueError("the true values of margins and their parts contradict one another")
    return values


def _found(table: MarginTable, relations: Relations) -> Numbers:
    asked, unasked = len(table.true), relations.size - len(table.true)
    equal, at_least = relations.equal, relations.at_least
    result: Any = milp(
        np.zeros(unasked),
        integrality=np.full(unasked, int(table.whole)),
        bounds=Bounds(0.0 if table.nonnegative else -np.inf, np.inf),
        constraints=[
            LinearConstraint(equal[:, asked:], *2 * [-(equal[:, :asked] @ table.true)]),
            LinearConstraint(at_least[:, asked:], -(at_least[:, :asked] @ table.true), np.inf),
        ],
        options={"node_limit": _MOST_BRANCHES},
    )
    if result.x is None:
        raise OutOfReachError
    found: Numbers = np.rint(result.x) if table.whole else np.asarray(result.x)
    return found
