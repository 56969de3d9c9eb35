"""Protection against differencing: two answers never differ by fewer than `threshold` people in a way that shows.

`Histories(store).open_desk(...)` gives a desk for one question. There each column is settled against everything that
was asked before on the same data cut, in whatever project, and put on record with the audit event. The rule is in
`settling`, what it promises and what it does not in docs/decisions/snap-to-earlier-answers.md.
"""

from query_guard.differencing.asked import AskedColumn
from query_guard.differencing.desk import FEWEST_STEPS, MOST_STEPS, Desk
from query_guard.differencing.histories import Histories
from query_guard.differencing.records import StaleHistory

__all__ = ["FEWEST_STEPS", "MOST_STEPS", "AskedColumn", "Desk", "Histories", "StaleHistory"]
