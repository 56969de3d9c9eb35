"""The story of a query, from question to answer. Read it top to bottom: each step is one stage of the guard.

Promise: whatever is asked and whatever goes wrong, the caller gets either a protected answer that has been written to
the audit chain, or a refusal that holds no data value; and never an answer that was not written down.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pyarrow as pa
import structlog

from governance.answers import Ground
from governance.callers import Caller
from governance.disclosure import PROFILES
from governance.refusal import Refusal
from governance.registry import check_cells_left
from governance.settings import Settings
from governance.store import Store
from query_guard.asked import Asked
from query_guard.case import Case, Scope, read_scope
from query_guard.crosscheck import ReadingShelf, cross_check
from query_guard.differencing import Desk, Histories, StaleHistory
from query_guard.engine.limits import EngineLimits
from query_guard.engine.pool import EngineKey, EnginePool
from query_guard.engine.process import EngineFailure
from query_guard.outcome import QueryResult
from query_guard.policy import finish, plan_query, protect
from query_guard.policy.plan import Answer, Plan, Protected, Step, StepKind
from query_guard.record import record_outcome
from query_guard.switch import MOST_BEGINNINGS, ending_replaced, was_replaced
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


STALE = Refusal("busy", "Other questions about the same data keep coming in between.", "Wait a moment and ask again.")
#: How often an answer is settled anew when other answers about the same people were written in between.
MOST_TRIES = 5
#: People are protected by the strictest profile's threshold: projects of all profiles share a data cut.
STRICTEST = max(profile.threshold for profile in PROFILES.values())


@dataclass(frozen=True)
class Guard:
    """What answering needs: the settings, the register, the engines, the queue in front of them, and what has been
    answered before."""

    settings: Settings
    store: Store
    engines: EnginePool
    turns: Turns
    histories: Histories
    shelf: ReadingShelf = field(default_factory=ReadingShelf)


@contextmanager
def open_guard(settings: Settings, store: Store) -> Iterator[Guard]:
    """A guard with its engines; closing it ends every child process."""
    with EnginePool(EngineLimits.from_settings(settings)) as engines, ending_replaced(store, engines):
        yield Guard(settings, store, engines, Turns(seconds=2 * settings.query_seconds), Histories(store))


def answer_query(guard: Guard, caller: Caller, asked: Asked) -> QueryResult:
    """Answer one question of a caller whose channel has been verified. Never raises."""
    case = Case(caller, asked)
    try:
        with guard.turns.of(caller):  # until it is on record: the next question is judged by what this one was told
            return _answer(guard, case)
    except Refusal as refusal:  # no turn was given
        return record_outcome(guard.store, case, refusal)


def _answer(guard: Guard, case: Case) -> QueryResult:
    for _ in range(MOST_TRIES):
        outcome = _outcome(guard, case)
        try:
            return record_outcome(guard.store, case, outcome)  # stage 10: event and receipt come before the answer
        except StaleHistory:
            continue
    return record_outcome(guard.store, case, STALE)


def _outcome(guard: Guard, case: Case) -> Answer | Refusal:
    try:
        return _begin(guard, case)
    except Refusal as refusal:
        return refusal
    except Exception as error:  # fail closed: our own mistake must look like any other failure
        log.error("query.failed", error=type(error).__name__)
        return Refusal(*FAILED)


def _begin(guard: Guard, case: Case) -> Answer:
    """Anew on the extract that is in force now, if the one before was taken away in between."""
    for _ in range(MOST_BEGINNINGS - 1):
        case.scope = None
        try:
            return _work_out(guard, case)
        except Refusal as refusal:
            tried = case.scope.data if case.scope is not None else None
            if not was_replaced(guard.settings, guard.store, case.caller.project, tried, refusal):
                raise
    return _work_out(guard, case)


def _work_out(guard: Guard, case: Case) -> Answer:
    scope = case.scope = read_scope(guard.settings, guard.store, case.caller)  # approval and project, as of this moment
    guard.engines.warm(scope.data)
    check_length(case.asked.sql, guard.settings.query_bytes)

    with case.watch.lap("plan"), engine_refusals():
        plan = case.plan = plan_asked(case.asked, scope)  # stages 0 to 5
        with guard.engines.borrow(EngineKey.without_data(scope.data)) as engine:
            cross_check(plan, scope.data.catalogue, engine, guard.shelf)  # stage 6

    desk = case.desk = _open_desk(guard, case, scope, plan)
    with case.watch.lap("execute"), engine_refusals():
        return _execute(guard, scope, plan, desk)


def plan_asked(asked: Asked, scope: Scope) -> Plan:
    """The plan of a question under the grants and the profile of a project. Raises Refusal."""
    return plan_query(
        asked.sql,
        scope.data.catalogue,
        scope.profile,
        dialect=asked.dialect,
        parameters=asked.parameters,
        today=scope.data.built_on,
    )


def _open_desk(guard: Guard, case: Case, scope: Scope, plan: Plan) -> Desk:
    """Where the numbers about people are settled, if there is budget left for any. Raises Refusal `budget-spent`."""
    day, caller = case.asked_at.date(), case.caller
    if any(step.kind is StepKind.PROTECT for step in plan.steps):
        with guard.store.reading() as session:
            check_cells_left(session, caller.subject, caller.project, day)
    return guard.histories.open_desk(
        cut=scope.data.cut, threshold=STRICTEST, subject=caller.subject, project=caller.project, day=day
    )


def _execute(guard: Guard, scope: Scope, plan: Plan, desk: Desk) -> Answer:
    """Stages 7 to 9, step by step."""
    made: dict[str, pa.Table] = {}
    suppressed = numbers = 0
    grounds: tuple[Ground, ...] = ()
    for step in plan.steps:
        given = {name: made[name] for name in step.given}
        protected = _execute_step(guard, scope, step, given, desk)
        made[step.name] = protected.table
        suppressed, numbers = suppressed + protected.suppressed_rows, numbers + protected.numbers
        grounds += protected.grounds
    return replace(finish(plan, made[plan.steps[-1].name], suppressed, numbers), grounds=grounds)


def _execute_step(guard: Guard, scope: Scope, step: Step, given: dict[str, pa.Table], desk: Desk) -> Protected:
    """The only place where raw numbers exist in this process; they are gone when it returns."""
    free = step.kind is StepKind.FREE
    key = EngineKey.without_data(scope.data) if free else EngineKey.with_data(scope.data)
    with guard.engines.borrow(key) as engine:
        table = engine.ask(step.sql, given)
    return Protected(table, 0) if step.cells is None else protect(step.cells, table, scope.profile, desk)


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
