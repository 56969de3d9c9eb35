"""A value over people that is looked up by something of the row around (`SELECT count(*) FROM x WHERE x.g = t.g`): a
protected aggregate grouped by `g`, and its published value for the row's own.

The promise: what the row gets is a published value, found by equality with a published key; where there is none (nobody
has that key, or too few) there is none. So a row depends on no other person's records but through published values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.expressions import Context
from query_guard.policy.expressions.comparison import bring_together
from query_guard.policy.plan import Flow
from query_guard.policy.relations.column import Column
from query_guard.policy.relations.origin import read_origin
from query_guard.policy.relations.relation import Relation
from query_guard.policy.rows import Rows
from query_guard.policy.terms import Term, join_terms, quote_name
from query_guard.policy.walking import has_aggregate, has_subquery

if TYPE_CHECKING:
    from query_guard.policy.relations.nested import Nested

NOTE = (
    "holds a published value that was looked up: protected like any aggregate, and empty where it is hidden or missing"
)


@dataclass(frozen=True)
class GroupLookup:
    """The query of its own (`select`: the keys, then the value) and the expressions of the row around that equal its
    keys."""

    select: Any
    around: tuple[Any, ...]


def as_lookup(nested: Nested, select: Any, rows: Rows) -> GroupLookup | None:
    """The subquery as a lookup; None where it is none: it must be one aggregate over people, and whatever ties it to
    the row around must be an equality of one expression of its own with one of the row's."""
    where = select.args.get("where")
    if where is None or len(select.expressions) != 1 or not has_aggregate(select.expressions[0]):
        return None
    inside = _rows_of(nested, select)
    if inside is None:
        return None
    pairs, own = [], []
    for test in _conjuncts(where.this):
        if _is_of(test, inside):
            own.append(test)
        elif (pair := _tie(test, inside, rows)) is not None:
            pairs.append(pair)
        else:
            return None
    return GroupLookup(_grouped(select, [key for key, _ in pairs], own), tuple(node for _, node in pairs))


def _rows_of(nested: Nested, select: Any) -> Rows | None:
    """What may be named inside the subquery alone, if it is about people."""
    alone = select.copy()
    alone.set("where", None)
    try:
        origin = read_origin(nested.build, replace(nested, scope=nested.scope.with_ctes(select)), alone, None)
    except Refusal:
        return None  # whoever compiles it as a query of its own will say why
    return origin.rows if origin.flow is Flow.PRIVATE else None


def _conjuncts(node: Any) -> list[Any]:
    node = node.unnest()
    return [one for part in node.flatten() for one in _conjuncts(part)] if type(node) is exp.And else [node]


def _is_of(node: Any, rows: Rows) -> bool:
    """Whether all names in an expression are those of `rows` alone, and at least one is."""
    columns = list(node.find_all(exp.Column))
    return not has_subquery(node) and bool(columns) and all(rows.find_here(column) is not None for column in columns)


def _tie(test: Any, inside: Rows, around: Rows) -> tuple[Any, Any] | None:
    """The key and the expression around that an equality ties together."""
    if type(test) is not exp.EQ:
        return None
    sides = (test.this.unnest(), test.expression.unnest())
    for key, node in (sides, sides[::-1]):
        names = list(node.find_all(exp.Column))
        foreign = names and not any(inside.find_here(name) for name in names) and not has_subquery(node)
        if _is_of(key, inside) and foreign and all(around.find(name) is not None for name in names):
            return key, node
    return None


def _grouped(select: Any, keys: list[Any], own: list[Any]) -> Any:
    """`SELECT keys, value FROM ... WHERE own GROUP BY keys`."""
    grouped = select.copy()
    value = select.expressions[0]
    value = value.this if type(value) is exp.Alias else value
    named = [exp.alias_(key.copy(), f"key {number}", quoted=True) for number, key in enumerate(keys, 1)]
    grouped.set("expressions", [*named, exp.alias_(value.copy(), "value", quoted=True)])
    grouped.set("where", exp.Where(this=exp.and_(*own)) if own else None)
    grouped.set("group", exp.Group(expressions=[key.copy() for key in keys]))
    return grouped


def looked_up(relation: Relation, lookup: GroupLookup, context: Context, alias: str, node: Any) -> Term:
    """The value of `relation` (made of `lookup.select`) for a row of `context`, rows of people or published cells."""
    *keys, value = relation.columns.values()
    tests, terms = [], []
    for key, around in zip(keys, lookup.around, strict=True):
        term, known = bring_together([context.write(around), Term(f"{alias}.{key.sql}", key.kind)], node)
        tests.append(f"({known.sql} = {term.sql})")
        terms.append(term)
    source = f"FROM {quote_name(relation.name)} AS {alias} WHERE {' AND '.join(tests)}"
    found = join_terms(f"(SELECT min({alias}.{value.sql}) {source})", value.kind, *terms, functions=("min",))
    return replace(
        _with_state(found, value, f"{alias}.{value.state}", source),
        reads=found.reads | {relation.name},
        notes=found.notes | value.notes | {NOTE},
        looked_up=True,
    )


def _with_state(term: Term, value: Column, state: str, source: str) -> Term:
    """Among published values the companion comes along: no value at all counts as a hidden one."""
    if not value.state:
        return term
    functions = term.state_functions | {"max"}
    return replace(
        term, states=term.states | {f"(SELECT COALESCE(max({state}), 2) {source})"}, state_functions=functions
    )
