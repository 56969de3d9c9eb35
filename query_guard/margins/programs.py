"""Linear programs over displacements: how far every cell may lie from its true value, all at once.

Promise: an answer of the solver is only a proposal. It is checked here against every relation and bound (exactly, for
whole numbers) and is thrown away if it breaks one, so that a wrong or unfinished solver makes cells look less safe,
never safer. Work is counted in iterations of the solver, not in seconds: what is hidden must not depend on how
busy the machine is.

Displacements keep the numbers small: zero is the true table, which satisfies everything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp

from query_guard.margins.cells import OutOfReachError
from query_guard.margins.relations import Relations
from query_guard.margins.table import Mask, Numbers

#: Iterations of all programs of one table together: some seconds on one core.
MOST_WORK = 200_000

_SET_UP = 100  # what handing over a program costs, in iterations

#: Branches of one search for whole numbers, where the fractional program has none.
MOST_BRANCHES = 20

_NEAR = 1e-6  # what counts as a whole number, and as keeping a relation between sums, in units of the programs


class Programs:
    """The programs of one table.

    Args:
        relations: what holds between the cells.
        base: (cells,), a table that satisfies them, in units of the programs.
        whole: displacements are whole numbers.
    """

    def __init__(self, relations: Relations, base: Numbers, *, whole: bool) -> None:
        self._relations, self._whole = relations, whole
        # What each inequality has to spare at the true table.
        self._slack: Numbers = np.maximum(relations.at_least @ base, 0.0)
        self._spill = _side_by_side(relations.equal), _side_by_side(relations.at_least)
        self._left = int(MOST_WORK / max(1.0, relations.size / 1_500))  # an iteration of a large table takes longer

    def best(self, gain: Numbers, low: Numbers, high: Numbers) -> Numbers | None:
        """A displacement between the bounds with the largest gain, as far as one was found that holds."""
        found = self._solve(-gain, (self._relations.equal, self._relations.at_least), low, high)
        return None if found is None else self.held(found, low, high)

    def cheapest(self, price: Numbers, low: Numbers, high: Numbers, floor: Numbers) -> tuple[Numbers, Mask] | None:
        """A displacement that may leave finite bounds for a price per unit (never below the floor), and which cells do.

        Asked twice: a cell that leaves its bounds far the first time is cheap the second time. That comes nearer to
        the fewest cells, where one program only finds the fewest units (Candes, Wakin & Boyd 2008).

        Not checked: hide those cells, then check with `held`.
        """
        first = self._cheapest(price, low, high, floor)
        if first is None or not first[1].any():
            return first
        left = np.maximum(np.maximum(first[0] - high, low - first[0]), 0)
        second = self._cheapest(price / (1 + left), low, high, floor)
        return first if second is None or second[1].sum() > first[1].sum() else second

    def _cheapest(self, price: Numbers, low: Numbers, high: Numbers, floor: Numbers) -> tuple[Numbers, Mask] | None:
        up = np.where(np.isfinite(high), np.inf, 0.0)
        down = np.where(np.isfinite(high), np.maximum(low - floor, 0.0), 0.0)
        zero = np.zeros_like(price)
        found = self._solve(
            np.concatenate([zero, price, price]),
            self._spill,
            np.concatenate([low, zero, zero]),
            np.concatenate([high, up, down]),
        )
        if found is None:
            return None
        within, over, under = np.split(found, 3)
        return within + over - under, (over > _NEAR) | (under > _NEAR)

    def held(self, proposal: Numbers, low: Numbers, high: Numbers) -> Numbers | None:
        """The displacement, or one of whole numbers next to it, if it keeps all bounds and relations."""
        if not self._whole:
            return self._checked(np.clip(proposal, low, high), low, high, _NEAR)
        near = np.rint(proposal)
        split = (np.abs(near - proposal) > _NEAR) & self._relations.finest
        held = self._checked(near, low, high, 0.0)
        return self._rounded(proposal, split, low, high) if held is None else held

    def _checked(self, displacement: Numbers, low: Numbers, high: Numbers, off: float) -> Numbers | None:
        equal = np.abs(self._relations.equal @ displacement).max(initial=0) <= off
        least = (self._relations.at_least @ displacement + self._slack).min(initial=0) >= -off
        inside = ((displacement >= low) & (displacement <= high)).all()
        return displacement if equal and least and inside else None

    def _solve(self, cost: Numbers, rows: tuple[Any, Any], low: Numbers, high: Numbers) -> Numbers | None:
        equal, at_least = rows
        result: OptimizeResult = linprog(
            cost,
            A_eq=equal,
            b_eq=np.zeros(equal.shape[0]),
            A_ub=-at_least,
            b_ub=self._slack,
            bounds=np.column_stack([low, high]),
            method="highs-ds",
            options={"presolve": False, "maxiter": self._left},
        )
        self._spend(int(result.nit))
        return np.asarray(result.x, dtype=np.float64) if result.status == 0 else None

    def _rounded(self, proposal: Numbers, split: Mask, low: Numbers, high: Numbers) -> Numbers | None:
        """Controlled rounding: fractional cells of the finest level go up or down, margins follow in their bounds."""
        self._spend(self._relations.size)
        relations, near = self._relations, np.rint(proposal)
        down = np.where(relations.finest, np.where(split, np.floor(proposal), near), low)
        up = np.where(relations.finest, np.where(split, np.ceil(proposal), near), high)
        result: OptimizeResult = milp(
            np.zeros_like(low),
            integrality=np.ones_like(low),
            bounds=Bounds(down, up),
            constraints=[
                LinearConstraint(relations.equal, 0, 0),
                LinearConstraint(relations.at_least, -self._slack, np.inf),
            ],
            options={"node_limit": MOST_BRANCHES},
        )
        return None if result.x is None else self._checked(np.rint(result.x), low, high, 0.0)

    def _spend(self, iterations: int) -> None:
        self._left -= iterations + _SET_UP
        if self._left <= 0:
            raise OutOfReachError


def _side_by_side(matrix: Any) -> Any:
    """The columns of the displacement within, over and under the bounds."""
    return sparse.hstack([matrix, matrix, -matrix], format="csr")
