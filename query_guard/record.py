"""Stage 10's other half: audit event, receipt and what the answer said, in one transaction, before any answer leaves.

Promise: what cannot be written down is not answered. The SQL is in the receipt (for output checkers) and nowhere else;
the event has facts about the answer, never a value from it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

import pyarrow as pa
import structlog
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.disclosure import POLICY_VERSION
from governance.refusal import Refusal
from governance.store import Store
from governance.store.channels import QueryReceipt
from governance.store.people import Person
from governance.store.projects import Project
from query_guard.case import Case
from query_guard.differencing import StaleHistory
from query_guard.keeping import keep_answer
from query_guard.outcome import QueryResult, Verdict
from query_guard.policy.plan import Answer, StepKind

log = structlog.get_logger()

#: Codes that mean that our own two parsers disagree: somebody must look.
ALARMS = frozenset({"cross-check-failed"})
#: Whether a question runs out of time, memory or rows can be made to depend on one person. So it costs as much of the
#: release budget as ten large tables: twenty such questions are a day's.
STOPPED = frozenset({"query-too-expensive", "answer-too-large", "query-failed"})
STOPPED_CELLS = 1_000
LONGEST_NAME = 200
LONGEST_KEPT = 64 * 1024  # characters of SQL that a receipt keeps; a longer text was refused for its length anyway


def record_outcome(store: Store, case: Case, outcome: Answer | Refusal) -> QueryResult:
    """Write event, receipt, what is said and of which sets, then hand the result over. If writing fails, the result is
    a refusal without answer.

    Raises StaleHistory if other answers about the same people were written since these were settled: settle again.
    """
    result = _as_result(case, outcome)
    try:
        kept = None if isinstance(outcome, Refusal) else keep_answer(case, outcome, result.receipt)
        with store.transaction() as session:
            _write(session, case, result)
            if kept is not None:
                session.add(kept)
            if case.desk is not None and result.refusal is None:
                session.flush()
                case.desk.write(session, result.receipt)
    except StaleHistory:
        raise
    except Exception as error:
        log.error("query.not-recorded", error=type(error).__name__)
        refusal = Refusal("not-recorded", "The answer could not be recorded, so it is withheld.", "Try again later.")
        result = QueryResult(Verdict.REFUSED, refusal, plan_ms=result.plan_ms, execute_ms=result.execute_ms)
    return replace(result, total_ms=case.watch.total)


def _as_result(case: Case, outcome: Answer | Refusal) -> QueryResult:
    profile = case.scope.profile if case.scope else None
    blank = QueryResult(
        Verdict.REFUSED,
        receipt=secrets.token_hex(16),
        profile=profile.name if profile else "",
        policy_version=profile.version if profile else POLICY_VERSION,
        plan_ms=case.watch.of("plan"),
        execute_ms=case.watch.of("execute"),
    )
    if isinstance(outcome, Refusal):
        return replace(blank, refusal=outcome, numbers=STOPPED_CELLS if _was_stopped(case, outcome) else 0)
    return replace(
        blank,
        verdict=Verdict.ANSWERED,
        table=outcome.table,
        suppressed_rows=outcome.suppressed_rows,
        suppressed_cells=outcome.suppressed_cells,
        flags=dict(outcome.flags),
        numbers=outcome.numbers,
    )


def _was_stopped(case: Case, refusal: Refusal) -> bool:
    """Whether it was allowed, and then stopped while it ran over people's rows."""
    reads_people = case.plan is not None and any(step.kind is StepKind.PROTECT for step in case.plan.steps)
    return case.desk is not None and reads_people and refusal.code in STOPPED


def _write(session: Session, case: Case, result: QueryResult) -> None:
    caller = case.caller
    person, project = _whom_it_concerns(session, case)
    if person and project:
        session.add(_receipt(case, result))
    rows = result.table.num_rows if result.table is not None else 0
    detail: dict[str, str | int] = {
        "receipt": result.receipt,
        "channel": caller.channel,
        "code": result.code,
        "tables": ",".join(sorted(case.plan.tables)) if case.plan else "",
        "rows": rows,
        "numbers": result.numbers,
        "suppressed_rows": result.suppressed_rows,
        "suppressed_cells": result.suppressed_cells,
        "policy_version": result.policy_version,
    }
    if not person:  # an operator's --as with any name at all
        detail |= {"subject": caller.subject[:LONGEST_NAME]}
    events = ["query.alarm"] if result.code in ALARMS else []
    for event in (*events, f"query.{result.verdict}"):
        append_event(session, event=event, actor=person or caller.channel, project=project, detail=detail)


def _whom_it_concerns(session: Session, case: Case) -> tuple[str, str | None]:
    """The caller's person and project as far as they are registered. A name that nobody has gets no receipt (it points
    at a person and a project), but every try is an event."""
    subject, slug = case.caller.subject, case.caller.project
    if case.scope is not None:
        return subject, slug
    person, project = session.get(Person, subject), session.get(Project, slug)
    return subject if person is not None else "", slug if project is not None else None


def _receipt(case: Case, result: QueryResult) -> QueryReceipt:
    text = (
        case.asked.for_receipt[:LONGEST_KEPT]
        .encode("utf-8", "replace")
        .decode()
        .replace("\0", "\N{REPLACEMENT CHARACTER}")
    )
    return QueryReceipt(
        id=result.receipt,
        project_slug=case.caller.project,
        subject=case.caller.subject,
        asked_at=case.asked_at,
        sql=text,
        verdict=result.verdict,
        code=result.code,
        policy_version=result.policy_version,
        extract_sha256=case.scope.data.sha256 if case.scope else "",
        rows=result.table.num_rows if result.table is not None else 0,
        suppressed_rows=result.suppressed_rows,
        suppressed_cells=result.suppressed_cells,
        cells=result.numbers,
        answer_sha256=_digest(result.table) if result.table is not None else "",
    )


def _digest(table: pa.Table) -> str:
    """SHA-256 of the answer as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return hashlib.sha256(sink.getvalue()).hexdigest()
