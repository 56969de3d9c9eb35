"""A person's release budget in one of their projects: what is left today, and what each of today's answers cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from governance.clock import today
from governance.registry import CellBudget, cell_budget
from governance.registry.authority import find_project
from governance.store.channels import QueryReceipt

MOST_ANSWERS = 50  # shown, the newest


@dataclass(frozen=True)
class CostlyAnswer:
    """One answer of today that held cells. `receipt` is its receipt's id."""

    asked_at: datetime
    cells: int
    receipt: str


@dataclass(frozen=True)
class BudgetPage:
    """The budget of one person in one project today. `answers_in_all` counts also those that are not shown."""

    slug: str
    title: str
    budget: CellBudget
    answers: tuple[CostlyAnswer, ...]
    answers_in_all: int


def read_budget_page(session: Session, subject: str, slug: str) -> BudgetPage:
    """The person's own budget; nobody else's receipt is read. Raises Refusal `no-such-project`."""
    project = find_project(session, slug)
    budget = cell_budget(session, subject, slug, today())
    of_today = (
        QueryReceipt.project_slug == slug,
        QueryReceipt.subject == subject,
        QueryReceipt.asked_at >= budget.renews_at - timedelta(days=1),
        QueryReceipt.asked_at < budget.renews_at,
        QueryReceipt.cells > 0,
    )
    newest = (
        select(QueryReceipt.asked_at, QueryReceipt.cells, QueryReceipt.id)
        .where(*of_today)
        .order_by(QueryReceipt.asked_at.desc(), QueryReceipt.id)
        .limit(MOST_ANSWERS)
    )
    return BudgetPage(
        slug=slug,
        title=project.title,
        budget=budget,
        answers=tuple(CostlyAnswer(*row) for row in session.execute(newest)),
        answers_in_all=session.scalar(select(func.count()).select_from(QueryReceipt).where(*of_today)) or 0,
    )
