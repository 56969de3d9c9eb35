"""What names FROM may use at one place of the query: CTEs that are in force there, compiled when first named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from query_guard.policy.refusing import refuse
from query_guard.policy.relations.relation import Relation


@dataclass
class Cte:
    """One CTE: `node` its query, `names` its column list, `scope` what its own FROM may name."""

    node: Any
    names: tuple[str, ...]
    scope: Scope
    relation: Relation | None = None

    def compile(self, compiler: Callable[[Any, Scope], Relation]) -> Relation:
        """Its relation; the same however often it is named. It sees only those before it, so never itself."""
        if self.relation is None:
            self.relation = rename_columns(compiler(self.node, self.scope), self.names, self.node)
        return self.relation


@dataclass(frozen=True)
class Scope:
    """CTEs by lower-case name."""

    ctes: dict[str, Cte] = field(default_factory=dict)

    def with_ctes(self, node: Any) -> Scope:
        """The scope inside a query: each CTE sees those before it. Raises `cte-recursive`, `duplicate-alias`."""
        clause = node.args.get("with_")
        if clause is None:
            return self
        if clause.args.get("recursive"):
            raise refuse("cte-recursive", clause)
        scope, own = self, set()
        for entry in clause.expressions:
            name = entry.alias.lower()
            if name in own:
                raise refuse("duplicate-alias", entry)
            own.add(name)
            names = tuple(column.name for column in entry.args["alias"].args.get("columns") or ())
            scope = Scope({**scope.ctes, name: Cte(entry.this, names, scope)})
        return scope


def rename_columns(relation: Relation, names: tuple[str, ...], node: Any) -> Relation:
    """The relation with the column names of `t(a, b)`. Raises `column-list-too-long`, `duplicate-alias`."""
    if not names:
        return relation
    columns = list(relation.columns.values())
    if len(names) > len(columns):
        raise refuse("column-list-too-long", node)
    shown = [*names, *(column.name for column in columns[len(names) :])]
    renamed = {name.lower(): replace(column, name=name) for name, column in zip(shown, columns, strict=True)}
    if len(renamed) < len(columns):
        raise refuse("duplicate-alias", node)
    return replace(relation, columns=renamed)
