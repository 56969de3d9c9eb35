"""The story of one query inside the plan: FROM, then what SELECT makes of its rows, by their flow.

PRIVATE, keyed by the person   -> one row a person, still PRIVATE    (person_groups)
PRIVATE, grouped otherwise     -> published cells, PROTECTED         (protected_select)
PRIVATE, not grouped           -> rows, still PRIVATE                (person_rows)
PUBLIC or PROTECTED            -> as it stands                       (plain_select)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.plan import Flow
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Build
from query_guard.policy.relations.clauses import Clauses, OrderItem, read_clauses
from query_guard.policy.relations.compiled import Compiled
from query_guard.policy.relations.distinct_windows import as_grouping
from query_guard.policy.relations.nested import Nested
from query_guard.policy.relations.numbered_rows import without_single_rows
from query_guard.policy.relations.origin import Origin, read_origin
from query_guard.policy.relations.person_groups import compile_person_groups, groups_by_person
from query_guard.policy.relations.person_rows import compile_person_rows, key_of
from query_guard.policy.relations.plain_select import compile_plain
from query_guard.policy.relations.protected_select import compile_protected
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.scope import Scope
from query_guard.policy.relations.set_operations import SETS, compile_set
from query_guard.policy.relations.unknown_rows import check_known, unknown_rows

_QUERIES = (exp.Select, *SETS, exp.Subquery)


def compile_query(build: Build, node: Any, scope: Scope, *, is_root: bool = False) -> Compiled:
    """A whole query: SELECT or set operation, with its CTEs. Raises the refusals of its parts."""
    if type(node) is exp.Subquery:
        return _compile_bracketed(build, node, scope, is_root=is_root)
    if type(node) not in _QUERIES:
        raise refuse("construct-not-available", node)
    scope = scope.with_ctes(node)
    nested = Nested(build, scope, _relation_of)
    if type(node) in SETS:
        branches = [check_known(compile_relation(build, branch, scope)) for branch in (node.this, node.expression)]
        return compile_set(build, node, branches, is_root=is_root)
    return _compile_select(build, nested, node, is_root=is_root)


def _compile_bracketed(build: Build, node: Any, scope: Scope, *, is_root: bool) -> Compiled:
    """`(SELECT ...)`, with an ORDER BY or LIMIT of its own behind the bracket."""
    outside = {name: node.args[name] for name in ("order", "limit", "offset") if node.args.get(name) is not None}
    if not outside:
        return compile_query(build, node.this, scope, is_root=is_root)
    inside = exp.Subquery(this=node.this)
    select = exp.Select(expressions=[exp.Star()], from_=exp.From(this=inside), **outside)
    return compile_query(build, select, scope, is_root=is_root)


def _compile_select(build: Build, nested: Nested, select: Any, *, is_root: bool) -> Compiled:
    try:
        origin = read_origin(build, nested, select, None)
    except Refusal as refusal:
        if is_root:
            raise
        return unknown_rows(select, refusal)
    clauses = read_clauses(select, origin)
    if origin.flow is not Flow.PRIVATE:
        return compile_plain(origin, clauses, is_root=is_root)
    clauses = as_grouping(origin, without_single_rows(origin, clauses))
    if clauses.distinct and not clauses.aggregated and clauses.windowed and not _names_a_key(origin, clauses):
        return _distinct_of(build, nested, clauses, is_root=is_root)
    by_person = bool(clauses.keys) and groups_by_person(origin, clauses)
    if clauses.distinct and not clauses.aggregated and not _names_a_key(origin, clauses):
        clauses = _grouped_by_outputs(clauses)
    if clauses.aggregated and not by_person:
        return compile_protected(build, origin, clauses, is_root=is_root)
    if clauses.limit is not None or clauses.offset:
        raise refuse("rows-not-shown" if is_root else "rows-limited", select)
    return compile_person_groups(origin, clauses) if by_person else compile_person_rows(build, origin, clauses)


def _distinct_of(build: Build, nested: Nested, clauses: Clauses, *, is_root: bool) -> Compiled:
    """SELECT DISTINCT with windows is SELECT DISTINCT of what a query with these windows gives: an ORDER BY behind it
    knows the output columns only. Raises `distinct-not-available`."""
    if clauses.order_beside:
        raise refuse("distinct-not-available", clauses.node)
    rows = clauses.node.copy()
    outside = {name: rows.args.get(name) for name in ("limit", "offset") if rows.args.get(name) is not None}
    for name in ("with_", "distinct", "order", "limit", "offset"):
        rows.set(name, None)
    rows.set("expressions", [exp.alias_(item.node.copy(), item.name, quoted=True) for item in clauses.items])
    whole = exp.Select(expressions=[exp.Star()], from_=exp.From(this=exp.Subquery(this=rows)), **outside)
    whole.set("distinct", exp.Distinct())
    if clauses.order:
        whole.set("order", exp.Order(expressions=[_ordered(item) for item in clauses.order]))
    return compile_query(build, whole, nested.scope, is_root=is_root)


def _ordered(item: OrderItem) -> Any:
    position = exp.Literal.number(item.output)
    return exp.Ordered(this=position, desc=item.descending, nulls_first=item.nulls_first)


def _names_a_key(origin: Origin, clauses: Clauses) -> bool:
    """Whether SELECT DISTINCT has a key of people or their records among its columns."""
    return any(key_of(item.node, origin.rows, origin) is not None for item in clauses.items)


def _grouped_by_outputs(clauses: Clauses) -> Clauses:
    """SELECT DISTINCT a, b is GROUP BY a, b."""
    keys = tuple(item.node for item in clauses.items)
    return replace(clauses, keys=keys, levels=(tuple(range(len(keys))),), aggregated=True, distinct=False)


def compile_relation(build: Build, node: Any, scope: Scope) -> Relation:
    """A query inside the query, as a named relation."""
    compiled = compile_query(build, node, scope)
    return build.define(compiled.body, compiled.relation)


def _relation_of(nested: Nested, node: Any, scope: Scope) -> Relation:
    return compile_relation(nested.build, node, scope)
