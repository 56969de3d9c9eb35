"""What stage 8 asks of the history of answers, and what it tells it (`query_guard.differencing` keeps it)."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from query_guard.differencing import AskedColumn

Values = npt.NDArray[np.float64]


class History(Protocol):
    """All answers about one data cut, and the one in the making (a `differencing.Desk`)."""

    def settle(self, column: AskedColumn) -> Values:
        """The values to publish: those of earlier answers about nearly the same people, else the asked ones."""

    def conclude(self, column: AskedColumn, published: Values) -> None:
        """Learn what really leaves."""
