"""What the guard keeps of an answer, so that the airlock can tell where a file's numbers come from.

Promise: only what the caller is told, cell for cell; and it is forgotten when its time is over.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.engine import CursorResult

from governance.answers import PublishedAnswer, PublishedColumn, pack_answer, rows_kept
from governance.audit import append_event
from governance.clock import now
from governance.store import Store
from governance.store.answers import QueryAnswer
from query_guard.case import Case
from query_guard.plain_rows import values_of
from query_guard.policy.grounds import plain
from query_guard.policy.plan import Answer, Plan

SERVICE = "service:guard"


def keep_answer(case: Case, answer: Answer, receipt: str) -> QueryAnswer:
    """The row that goes with an answer's receipt. Made before the transaction, in which others wait."""
    if case.scope is None or case.plan is None:
        raise ValueError("an answer has a plan and the data it was made of")
    return QueryAnswer(
        receipt_id=receipt,
        cut=case.scope.data.cut,
        kept_until=case.asked_at + timedelta(days=case.scope.kept_days),
        content=pack_answer(as_published(case.plan, answer)),
    )


def as_published(plan: Plan, answer: Answer) -> PublishedAnswer:
    """The table that the caller is told, as plain data; only its first rows where it has very many."""
    most = rows_kept(answer.table.num_columns)
    table = answer.table.slice(0, most)
    columns = tuple(
        PublishedColumn(column.name, bool(column.state), tuple(map(plain, values_of(cells))))
        for column, cells in zip(plan.columns, table.columns, strict=True)
    )
    return PublishedAnswer(columns, answer.grounds, complete=answer.table.num_rows <= most)


def forget_answers(store: Store) -> int:
    """Delete what is kept no longer; returns how many answers. Receipts stay."""
    with store.transaction() as session:
        found = session.execute(delete(QueryAnswer).where(QueryAnswer.kept_until < now()))
        assert isinstance(found, CursorResult)
        if found.rowcount:
            append_event(session, event="query.forgotten", actor=SERVICE, detail={"answers": found.rowcount})
        return int(found.rowcount)
