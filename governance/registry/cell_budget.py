"""The release budget: how many cells one person may be told in one project in one UTC day. Promise: whoever is over it
is told no more that day, and the refusal says nothing that the person had not been told before.

A cell is one number about people that the guard let out. The budget is charged by the receipt: `QueryReceipt.cells` is
written in the transaction of the audit event, so an answer that was not charged was not given.

Why the check comes before the query runs, and never after: what an answer costs depends on the data, because a hidden
cell costs nothing. A refusal of an answer that turned out larger than what is left would tell how many of its cells are
large enough to be shown, and so would an answer cut to size. What *was* spent is the sum of the sizes of earlier
answers, a function of values that are published already: a refusal that rests on it alone could have been foreseen and
tells nothing new (Kenthapadi, Mishra and Nissim 2005, simulatable auditing). The price is that the last answer of a day
may go over by its own size, which the engine's limit on rows bounds. See docs/decisions/release-budget.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from governance.clock import today
from governance.refusal import Refusal
from governance.registry.authority import no_such_project
from governance.store.channels import QueryReceipt
from governance.store.projects import Project


@dataclass(frozen=True)
class CellBudget:
    """One person's budget in one project on one day, in cells.

    Attributes:
        total: what the project allows a person a day.
        spent: what the day's answers held; more than `total` if the last answer went over.
        renews_at: the midnight (UTC) from which nothing of it is spent.
    """

    total: int
    spent: int
    renews_at: datetime

    @property
    def left(self) -> int:
        """Cells left, never negative. Nothing left: nothing is answered until `renews_at`."""
        return max(0, self.total - self.spent)


def cell_budget(session: Session, subject: str, slug: str, day: date) -> CellBudget:
    """What a person may be told in a project on a day (UTC), and what they have been told on it so far.

    Raises Refusal `no-such-project`.
    """
    total = session.scalar(select(Project.budget_cells).where(Project.slug == slug))  # not its members and grants too
    if total is None:
        raise no_such_project()
    begins = datetime.combine(day, time(), UTC)
    ends = begins + timedelta(days=1)
    mine = (QueryReceipt.project_slug == slug, QueryReceipt.subject == subject)
    spent = select(func.coalesce(func.sum(QueryReceipt.cells), 0)).where(
        *mine, QueryReceipt.asked_at >= begins, QueryReceipt.asked_at < ends
    )
    return CellBudget(total, int(session.scalar(spent) or 0), ends)


def check_cells_left(session: Session, subject: str, slug: str, day: date | None = None) -> CellBudget:
    """That at least one cell is left, on `day` (the day of the question) or today. To be asked before a query runs.

    Raises Refusal `budget-spent`, `no-such-project`.
    """
    budget = cell_budget(session, subject, slug, today() if day is None else day)
    if not budget.left:
        raise Refusal(
            "budget-spent",
            f"Your release budget in this project, {budget.total:,} cells a day, is spent.",
            "It starts anew at midnight UTC. If your work needs more, an administrator can raise it for the project.",
        )
    return budget
