"""Ways to have a question answered: the real guard, and the same stages assembled with a protection left out.

What is left out is left out here only, never by a switch in the product: another disclosure profile, or another
history, handed to the product's own `plan_query` and `protect`. The raw cells that the assemblies work on come from
the locked engine.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from governance.disclosure import PROFILES, DisclosureProfile
from governance.refusal import Refusal
from governance.registry import change_project
from governance.settings import load_settings
from governance.store import open_store
from query_guard.answer import open_guard, plan_asked
from query_guard.asked import Asked
from query_guard.case import Scope
from query_guard.engine.pool import EngineKey
from query_guard.engine.process import EngineFailure
from query_guard.policy import StepKind, finish, protect
from query_guard.policy.plan import Plan, Step
from tests.support.guard_lab import GuardLab
from tests.support.rule_in_memory import Forgetting, RuleInMemory

NHS = PROFILES["nhs-sde"]
#: No threshold, no rounding, no rule.
BARE = DisclosureProfile(
    "none", 1, 1, 12, "none: benchmark only", dominance_n=2, dominance_k=1.0, p_ratio=0.0, residual_dof=0
)
PROJECT, PERSON = "gi-bleed", "researcher-a"


@dataclass(frozen=True)
class Told:
    """What comes back: the rows (no rows if refused), the code of a refusal, and how many groups were hidden."""

    rows: list[dict[str, Any]]
    code: str = ""
    hidden_groups: int = 0

    @property
    def value(self) -> float | None:
        """The first number of the only row, None if hidden or refused."""
        found = next(iter(self.rows[0].values()), None) if self.rows else None
        return None if found is None else float(found)


@dataclass
class Way:
    """Counts what is asked. `refused`: codes of refusals met."""

    questions: int = 0
    numbers: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def ask(self, sql: str) -> Told:
        """Ask one question."""
        told, numbers = self._answer(sql)
        self.questions, self.numbers = self.questions + 1, self.numbers + numbers
        if told.code:
            self.refused[told.code] += 1
        return told

    def _answer(self, sql: str) -> tuple[Told, int]:
        raise NotImplementedError


@dataclass
class RealGuard(Way):
    """The product: `answer_query`, nothing left out."""

    lab: GuardLab = field(kw_only=True)

    def _answer(self, sql: str) -> tuple[Told, int]:
        result = self.lab.ask(sql, subject=PERSON, project=PROJECT)
        rows = [] if result.table is None else result.table.to_pylist()
        return Told(rows, result.code, result.suppressed_rows), result.numbers


@dataclass
class Shared:
    """What all assemblies of one attack have in common: plans by text and threshold, the engine's tables by text."""

    plans: dict[tuple[str, int], Plan] = field(default_factory=dict)
    raw: dict[str, pa.Table] = field(default_factory=dict)


@dataclass
class Assembled(Way):
    """The stages with another profile or history; no register, so neither budget nor cap on near questions."""

    lab: GuardLab = field(kw_only=True)
    profile: DisclosureProfile = NHS
    history: Any = field(default_factory=RuleInMemory)
    shared: Shared = field(default_factory=Shared)

    def _answer(self, sql: str) -> tuple[Told, int]:
        scope = Scope(self.lab.data(PROJECT), self.profile)
        try:
            plan = self._plan(sql, scope)
            made: dict[str, pa.Table] = {}
            hidden = numbers = 0
            for step in plan.steps:
                table = self._execute(scope, step, {name: made[name] for name in step.given})
                if step.cells is not None:
                    protected = protect(step.cells, table, self.profile, self.history)
                    table, hidden, numbers = (
                        protected.table,
                        hidden + protected.suppressed_rows,
                        numbers + protected.numbers,
                    )
                made[step.name] = table
            answer = finish(plan, made[plan.steps[-1].name], hidden, numbers)
        except (Refusal, EngineFailure) as failure:
            return Told([], failure.code if isinstance(failure, Refusal) else failure.kind), 0
        self.history.write()
        return Told(answer.table.to_pylist(), "", answer.suppressed_rows), numbers

    def _plan(self, sql: str, scope: Scope) -> Plan:
        key = sql, self.profile.threshold
        if key not in self.shared.plans:
            self.shared.plans[key] = plan_asked(Asked(sql), scope)
        return self.shared.plans[key]

    def _execute(self, scope: Scope, step: Step, given: dict[str, pa.Table]) -> pa.Table:
        if not given and step.sql in self.shared.raw:
            return self.shared.raw[step.sql]
        free = step.kind is StepKind.FREE
        key = EngineKey.without_data(scope.data) if free else EngineKey.with_data(scope.data)
        with self.lab.guard.engines.borrow(key) as engine:
            table = engine.ask(step.sql, given)
        if not given:
            self.shared.raw[step.sql] = table
        return table


#: Column of the report -> how the way is made. All but the last are assembled in the benchmark.
COLUMNS: dict[str, Callable[[GuardLab, Shared], Way]] = {
    "nothing": lambda lab, shared: Assembled(lab=lab, profile=BARE, history=Forgetting(), shared=shared),
    "no history": lambda lab, shared: Assembled(lab=lab, history=Forgetting(), shared=shared),
    "no rounding": lambda lab, shared: Assembled(lab=lab, profile=replace(NHS, round_to=1), shared=shared),
    "no cap": lambda lab, shared: Assembled(lab=lab, shared=shared),
    "the guard": lambda lab, shared: RealGuard(lab=lab),  # noqa: ARG005
}


@contextmanager
def fresh_lab(template: Path) -> Iterator[GuardLab]:
    """A guard on a copy of a state folder in which nothing was asked yet; the budget is no limit."""
    with tempfile.TemporaryDirectory(prefix="sde-attack-") as folder:
        state = Path(folder) / "state"
        shutil.copytree(template, state)
        settings = load_settings(state=state, query_seconds=5.0)
        settings.folder.create()
        store = open_store(settings)
        change_project(store, actor="admin", slug=PROJECT, budget_cells=10**6)
        with open_guard(settings, store) as guard:
            yield GuardLab(settings, store, guard)
        store.close()
        if not settings.folder.run.is_relative_to(settings.folder.root):
            shutil.rmtree(settings.folder.run, ignore_errors=True)
