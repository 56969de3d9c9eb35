"""The plan as it grows: relations become named CTEs, tables between the two engines become steps.

Promise: names in the guard's SQL are its own (`sde_w1`, `t1`), so that nothing the caller names can be mistaken for
them, and every text that leaves here holds the CTEs it reads, in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from governance.catalogue import Catalogue, TableKind
from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import CellPlan, Explained, Flow, Step, StepKind
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.column import Column, columns_of_table
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.sizes import RECORDS, REFERENCE_ROWS
from query_guard.policy.terms import Term, quote_name

LONGEST_TEXT = 256 * 1024  # characters of one step's SQL
MOST_STEPS = 24
MOST_RELATIONS = 120


@dataclass(frozen=True)
class Written:
    """A text, the functions in it and the tables and relations it reads."""

    sql: str
    functions: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()


def written(sql: str, *parts: Term | Written, functions: Iterable[str] = (), reads: Iterable[str] = ()) -> Written:
    """A text made of `parts`: what they read and call, it reads and calls."""
    return Written(
        sql,
        frozenset(functions).union(*(part.functions for part in parts)),
        frozenset(reads).union(*(part.reads for part in parts)),
    )


@dataclass
class Build:
    """One query's plan in the making. `named`: the column names in the caller's text (what is worth shipping); `notes`:
    what the reader of any number of the answer must know."""

    catalogue: Catalogue
    profile: DisclosureProfile
    named: frozenset[str]
    steps: list[Step] = field(default_factory=list)
    explained: list[Explained] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)
    _bodies: dict[str, Written] = field(default_factory=dict)
    _numbers: Counter[str] = field(default_factory=Counter)

    def alias(self) -> str:
        """A fresh name for a relation in FROM."""
        return self._fresh("t")

    def _fresh(self, letter: str) -> str:
        self._numbers[letter] += 1
        return f"{letter}{self._numbers[letter]}"

    def table(self, name: str) -> Relation | None:
        """The catalogue's table of that lower-case name."""
        table = self.catalogue.tables.get(name)
        if table is None:
            return None
        private, columns = table.kind is TableKind.PRIVATE, columns_of_table(table)
        return Relation(
            Flow.PRIVATE if private else Flow.PUBLIC,
            table.name,
            columns,
            person=_person_column(columns) if private else "",
            one_per_person=table.one_row_per_person,
            rows_of=frozenset({table.name}) if private else frozenset(),
            size=REFERENCE_ROWS if not private else 1 if table.one_row_per_person else RECORDS,
        )

    def define(self, body: Written, relation: Relation) -> Relation:
        """Name a relation's text, so that others can read it. Raises `too-complex` past the limit."""
        if len(self._bodies) >= MOST_RELATIONS:
            raise refuse("too-complex")
        name = f"sde_{self._fresh('w')}"
        self._bodies[name] = body
        return replace(relation, name=name)

    def explain(self, place: Any, flow: Flow) -> None:
        """Add a line to what `sde guard explain` shows: a text, or the caller's node."""
        self.explained.append(Explained(place, flow))

    def add_step(self, kind: StepKind, letter: str, body: Written, cells: CellPlan | None = None) -> str:
        """A step that executes `body` with all it reads. Returns the name of its table."""
        if len(self.steps) >= MOST_STEPS:
            raise refuse("too-complex")
        name = f"sde_{self._fresh(letter)}"
        whole = self._with_relations(body)
        if len(whole.sql) > LONGEST_TEXT:
            raise refuse("too-complex")
        given = whole.reads & {step.name for step in self.steps}
        tables = whole.reads - given - self._bodies.keys()
        self.steps.append(Step(kind, name, whole.sql, tables, given, whole.functions, cells))
        return name

    def land(self, relation: Relation) -> Relation:
        """A relation of published values as a table beside the data, where a query about people may read it."""
        if not relation.free:
            return relation
        columns = list(relation.columns.values())
        selected = ", ".join(column.sql for column in columns) or "1 AS c0"
        body = written(f"SELECT {selected} FROM {quote_name(relation.name)}", reads=[relation.name])
        name = self.add_step(StepKind.FREE, "f", body)
        plain = {key: replace(column, state="") for key, column in relation.columns.items()}
        return replace(relation, name=name, columns=plain, free=False)

    def ship(self, relation: Relation) -> Relation:
        """Reference data as a table among published values; of a table of the catalogue only columns that the caller's
        text names."""
        if relation.free:
            return relation
        whole = "*" in self.named or relation.name not in self.catalogue.tables
        kept = {key: column for key, column in relation.columns.items() if whole or key in self.named}
        columns = {key: _shipped(column, number) for number, (key, column) in enumerate(kept.items(), 1)}
        selected = ", ".join(f"{_as_plain(column)} AS c{number}" for number, column in enumerate(kept.values(), 1))
        body = written(f"SELECT {selected or '1 AS c0'} FROM {quote_name(relation.name)}", reads=[relation.name])
        name = self.add_step(StepKind.PUBLIC, "q", body)
        return Relation(relation.flow, name, columns, free=True, single_row=relation.single_row, size=relation.size)

    def _with_relations(self, body: Written) -> Written:
        """The text under a WITH of all named relations that it reads, directly or through others."""
        wanted: set[str] = set()
        waiting = set(body.reads)
        while waiting:
            name = waiting.pop()
            if name in self._bodies and name not in wanted:
                wanted.add(name)
                waiting |= self._bodies[name].reads
        named = [(name, text) for name, text in self._bodies.items() if name in wanted]
        ctes = ", ".join(f"{name} AS ({text.sql})" for name, text in named)
        whole = Written("", body.functions, body.reads)
        for _, text in named:
            whole = written("", whole, text)
        sql = body.sql if not ctes else f"WITH {ctes}{_after_with(body.sql)}"
        return replace(whole, sql=sql, reads=whole.reads - wanted)


def _after_with(sql: str) -> str:
    """A text behind more CTEs: its own WITH, if it has one, goes on as a comma."""
    return f", {sql.removeprefix('WITH ')}" if sql.startswith("WITH ") else f" {sql}"


def _person_column(columns: dict[str, Column]) -> str:
    return next(column.sql for column in columns.values() if column.certain)


def _as_plain(column: Column) -> str:
    return f"TRY_CAST({column.sql} AS DOUBLE)" if column.wide else column.sql


def _shipped(column: Column, number: int) -> Column:
    return Column(column.name, f"c{number}", column.kind, notes=column.notes)
