"""What the guard would do with a query, for operators and output checkers: nothing is executed on data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from governance.access import check_can_query
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import open_store
from query_guard.answer import check_length, engine_refusals, plan_asked
from query_guard.asked import Asked
from query_guard.case import Scope, read_project_scope
from query_guard.crosscheck import cross_check
from query_guard.engine.limits import EngineLimits
from query_guard.engine.pool import EngineKey, EnginePool
from query_guard.outcome import Verdict
from query_guard.policy.plan import Plan, StepKind

_WHERE = {
    StepKind.PROTECT: "executed on the extract, then protected",
    StepKind.PUBLIC: "executed on reference tables",
    StepKind.FREE: "executed on published values only",
}


@dataclass(frozen=True)
class Explanation:
    """The plan as far as it came, and the refusal that stopped it, if one did."""

    plan: Plan | None
    refusal: Refusal | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON. `verdict` is what the policy says; execution may still refuse (time, memory, size)."""
        return {
            "verdict": Verdict.REFUSED if self.refusal else Verdict.ANSWERED,
            "refusal": self.refusal.as_dict() if self.refusal else None,
            "flow": self.plan.flow.value if self.plan else None,
            "relations": [{"text": line.text, "flow": line.flow} for line in self.plan.explained] if self.plan else [],
            "steps": [{"kind": step.kind, "sql": step.sql} for step in self.plan.steps] if self.plan else [],
            "tables": sorted(self.plan.tables) if self.plan else [],
            "columns": [column.name for column in self.plan.columns] if self.plan else [],
        }


def explain_query(settings: Settings, project: str, asked: Asked, subject: str = "") -> Explanation:
    """Plan and cross-check a question under the project's grants of this moment.

    Raises the register's refusals about the project (or the person, if one is named).
    """
    store = open_store(settings)
    with store.reading() as session:
        if subject:
            check_can_query(session, subject, project)
        scope = read_project_scope(settings, session, project)
    plan: Plan | None = None
    try:
        check_length(asked.sql, settings.query_bytes)
        plan = plan_asked(asked, scope)
        _cross_check(settings, scope, plan)
    except Refusal as refusal:
        return Explanation(plan, refusal)
    return Explanation(plan, None)


def _cross_check(settings: Settings, scope: Scope, plan: Plan) -> None:
    with (
        engine_refusals(),
        EnginePool(EngineLimits.from_settings(settings)) as engines,
        engines.borrow(EngineKey.without_data(scope.data)) as engine,
    ):
        cross_check(plan, scope.data.catalogue, engine)


def show(explanation: Explanation, console: Console) -> None:
    """Print for a person."""
    plan, refusal = explanation.plan, explanation.refusal
    if plan is not None:
        for line in plan.explained:
            console.print(f"{line.flow.value:>10}  {line.text}", markup=False, highlight=False)
        for step in plan.steps:
            console.print(f"\n-- {_WHERE[step.kind]}\n{step.sql}", markup=False)
        console.print("")
    if refusal is None:
        console.print("verdict: answered (unless it needs too much time or memory)", markup=False)
    else:
        console.print(f"verdict: refused {refusal}", markup=False)
        if refusal.where:
            console.print(f"at: {refusal.where}", markup=False)
