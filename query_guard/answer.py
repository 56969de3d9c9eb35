"""The story of a query, from question to answer. Read it top to bottom: each step is one stage of the guard.

Promise: whatever is asked and whatever goes wrong, the caller gets either a protected answer that has been written to
the audit chain, or a refusal that holds no data value; and never an answer that was not written down.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import structlog

from governance.callers import Caller
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from query_guard.case import Case, Scope, read_scope
from query_guard.crosscheck import cross_check
from query_guard.engine.limits import EngineLimits
from query_guard.engine.pool import EngineKey, EnginePool
from query_guard.engine.process import EngineFailure
from query_guard.outcome import QueryResult
from query_guard.policy import finish, plan_query, protect
from query_guard.policy.plan import PROTECTED_TABLE, Answer, Plan, Protected
from query_guard.record import record_outcome
from query_guard.turns import Turns

log = structlog.get_logger()

#: One text for every error that may depend on data.
FAILED = ("query-failed", "The query could not be executed.", "Check types and values, then ask again.")
TOO_EXPENSIVE = ("query-too-expensive", "The query takes too long or needs too much memory.", "Ask for less at a time.")
TOO_LARGE = ("answer-too-large", "The answer has too many rows.", "Group by fewer or coarser columns.")
#: The engine's constant error kinds as refusals.
REFUSALS = {
    "killed": TOO_EXPENSIVE,
    "time": TOO_EXPENSIVE,
    "memory": TOO_EXPENSIVE,
    "rows": TOO_LARGE,
    "bytes": TOO_LARGE,
    "error": FAILED,
    "fatal": FAILED,
}


@dataclass(frozen=True)
class Guard:
    """What answering needs: the settings, the register, the engines and the queue in front of them."""

    settings: Settings
    store: Store
    engines: EnginePool
    turns: Turns


@contextmanager
def open_guard(settings: Settings, store: Store) -> Iterator[Guard]:
    """A guard with its engines; closing it ends every child process."""
    with EnginePool(EngineLimits.from_settings(settings)) as engines:
        yield Guard(settings, store, engines, Turns(seconds=2 * settings.query_seconds))


def answer_query(guard: Guard, caller: Caller, sql: str) -> QueryResult:
    """Answer one question of a caller whose channel has been verified. Never raises."""
    case = Case(caller, sql)
    try:
        with guard.turns.of(caller):
            outcome: Answer | Refusal = _work_out(guard, case)
    except Refusal as refusal:
        outcome = refusal
    except Exception as error:  # fail closed: our own mistake must look like any other failure
        log.error("query.failed", error=type(error).__name__)
        outcome = Refusal(*FAILED)
    return record_outcome(guard.store, case, outcome)  # stage 10: the event and the receipt come before the answer


def _work_out(guard: Guard, case: Case) -> Answer:
    scope = case.scope = read_scope(guard.settings, guard.store, case.caller)  # approval and project, as of this moment
    guard.engines.warm(scope.data)
    check_length(case.sql, guard.settings.query_bytes)

    with case.watch.lap("plan"), engine_refusals():
        plan = case.plan = plan_query(case.sql, scope.data.catalogue, scope.profile)  # stages 0 to 5
        with guard.engines.borrow(EngineKey.without_data(scope.data)) as engine:
            cross_check(plan, scope.data.catalogue, engine)  # stage 6

    with case.watch.lap("execute"), engine_refusals():
        protected = _read_and_protect(guard, scope, plan)  # stages 7 and 8
        with guard.engines.borrow(EngineKey.without_data(scope.data)) as engine:
            outer = engine.ask(plan.outer_sql, {PROTECTED_TABLE: protected.table})  # stage 9
    return finish(plan, outer, protected)


def _read_and_protect(guard: Guard, scope: Scope, plan: Plan) -> Protected:
    """The only place where raw numbers exist in this process; they are gone when it returns."""
    with guard.engines.borrow(EngineKey.with_data(scope.data)) as engine:
        raw: pa.Table = engine.ask(plan.inner.sql)
    return protect(plan, raw, scope.profile)


def check_length(sql: str, most: int) -> None:
    """Raise Refusal `query-too-long` for a text over `most` bytes in UTF-8."""
    if len(sql.encode("utf-8", "surrogatepass")) > most:
        raise Refusal("query-too-long", f"A query may have at most {most} bytes.", "Ask a shorter question.")


@contextmanager
def engine_refusals() -> Iterator[None]:
    """Turn the engine's error kinds into refusals."""
    try:
        yield
    except EngineFailure as failure:
        raise Refusal(*REFUSALS[failure.kind]) from None
