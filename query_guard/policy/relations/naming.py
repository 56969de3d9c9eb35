"""What FROM can name: a CTE, a table of the project, a subquery, a list of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Build
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.scope import rename_columns
from query_guard.policy.relations.values_list import compile_values

if TYPE_CHECKING:
    from query_guard.policy.relations.nested import Nested

_RESERVED = "sde_"  # the guard's own relations


def name_relation(build: Build, nested: Nested, node: Any) -> tuple[Relation, str]:
    """The relation of one entry of FROM and the lower-case name it has there (empty for a nameless subquery).

    Raises `unknown-table` (files, functions, schemas and forbidden tables all get one text) and the refusals of
    subqueries.
    """
    if type(node) is exp.Subquery:
        relation = nested.compile(node)
    elif type(node) is exp.Values:
        relation = compile_values(build, node)
    else:
        relation = _find(build, nested, node)
    alias = node.args.get("alias")
    names = tuple(column.name for column in alias.args.get("columns") or ()) if alias is not None else ()
    plain = node.alias or (node.name if type(node) is exp.Table else "")
    return rename_columns(relation, names, node), plain.lower()


def _find(build: Build, nested: Nested, node: Any) -> Relation:
    name = node.name.lower()
    plain = type(node) is exp.Table and type(node.this) is exp.Identifier
    plain = plain and not node.args.get("db") and not node.args.get("catalog")
    if plain and name in nested.scope.ctes:
        return nested.scope.ctes[name].compile(nested.compile_in)
    table = build.table(name) if plain and not name.startswith(_RESERVED) else None
    if table is None:
        raise refuse("unknown-table", node, name=node.sql(dialect="duckdb"))
    return table
