"""The other clauses: what is selected, grouped, ordered and limited. Positions, GROUP BY ALL, ORDER BY ALL,
DISTINCT and stars are turned into plain expressions here, so that nothing later knows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlglot import exp

from query_guard.policy.draft import Draft, OrderItem, OutputItem
from query_guard.policy.plan import Flow
from query_guard.policy.refusing import excerpt, refuse
from query_guard.policy.rows import has_aggregate

_HIGHEST_LIMIT = 10**9


def read_clauses(draft: Draft) -> Draft:
    """Sets `items`, `keys`, `grouped`, `aggregated`, `having`, `order`, `limit`, `offset`. Raises `rows-not-shown`,
    `position-out-of-range`, `distinct-not-available`, `limit-not-a-number`."""
    draft = replace(draft, items=_output_items(draft))
    draft = _read_groups(draft)
    order = draft.tree.args.get("order")
    return replace(
        draft,
        order=tuple(_order_items(draft, order.expressions)) if order is not None else (),
        limit=_whole_number(draft.tree.args.get("limit")),
        offset=_whole_number(draft.tree.args.get("offset")) or 0,
    )


def _output_items(draft: Draft) -> tuple[OutputItem, ...]:
    if not draft.tree.expressions:
        raise refuse("sql-not-read", draft.tree, remedy="Name a column or an aggregate after SELECT.")
    items: list[OutputItem] = []
    taken: set[str] = set()
    for node in draft.tree.expressions:
        for name, expression in _expand_star(draft, node):
            unique = _unused(name, taken)
            taken.add(unique.lower())
            items.append(OutputItem(unique, expression))
    return tuple(items)


def _unused(name: str, taken: set[str]) -> str:
    """`n`, or `n_1` when there is an `n` already: two output columns never share a name."""
    unique, number = name, 0
    while unique.lower() in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _expand_star(draft: Draft, node: Any) -> Iterator[tuple[str, Any]]:
    """(name, expression) of one item. `*` and `t.*` become the columns of reference tables; of people's tables
    never."""
    owner = node.args.get("table") if type(node) is exp.Column else None
    if type(node) is exp.Star or (type(node) is exp.Column and type(node.this) is exp.Star):
        if any(draft.private_sources()):
            raise refuse("rows-not-shown", node)
        for source in draft.sources:
            if source.join.keeps_columns and (owner is None or source.name == owner.name.lower()):
                for column in source.table.columns.values():
                    yield column.name, exp.column(column.name, table=source.name)
    elif type(node) is exp.Alias:
        yield node.alias, node.this
    else:
        yield node.name if type(node) is exp.Column else excerpt(node).lower(), node


def _read_groups(draft: Draft) -> Draft:
    group, having = draft.tree.args.get("group"), draft.tree.args.get("having")
    distinct = draft.tree.args.get("distinct")
    has_aggregates = any(has_aggregate(item.node) for item in draft.items)
    aggregated = has_aggregates or group is not None or having is not None
    if distinct is not None and (aggregated or distinct.expressions):
        raise refuse("distinct-not-available", draft.tree)
    if draft.flow is Flow.PRIVATE and not aggregated and distinct is None:
        raise refuse("rows-not-shown", draft.tree)
    keys = [item.node for item in draft.items] if distinct is not None else _group_keys(draft, group)
    return replace(
        draft,
        keys=tuple(keys),
        grouped=bool(keys),
        aggregated=aggregated or distinct is not None,
        having=having.this if having is not None else None,
    )


def _group_keys(draft: Draft, group: Any) -> list[Any]:
    if group is None:
        return []
    if group.args.get("all"):
        return [item.node for item in draft.items if not has_aggregate(item.node)]
    return [_at_position(draft, node) for node in group.expressions]


def _at_position(draft: Draft, node: Any) -> Any:
    """The output column that a whole number stands for; other expressions stand for themselves."""
    if type(node) is not exp.Literal or node.is_string:
        return node
    if not str(node.this).isdigit() or not 1 <= int(node.this) <= len(draft.items):
        raise refuse("position-out-of-range", node)
    return draft.items[int(node.this) - 1].node


def _order_items(draft: Draft, ordered: list[Any]) -> Iterator[OrderItem]:
    for entry in ordered:
        everything = type(entry.this) is exp.Var and str(entry.this.this).upper() == "ALL"
        nodes = [item.node for item in draft.items] if everything else [_order_node(draft, entry.this)]
        for node in nodes:
            yield OrderItem(node, bool(entry.args.get("desc")), bool(entry.args.get("nulls_first")))


def _order_node(draft: Draft, node: Any) -> Any:
    """An output name comes before a column of the same name (in ORDER BY only), as in DuckDB."""
    if type(node) is exp.Column and node.args.get("table") is None and node.name.lower() in draft.aliases:
        return draft.aliases[node.name.lower()]
    return _at_position(draft, node)


def _whole_number(clause: Any) -> int | None:
    if clause is None:
        return None
    node = clause.expression
    if type(node) is not exp.Literal or node.is_string or not str(node.this).isdigit():
        raise refuse("limit-not-a-number", clause)
    if int(node.this) > _HIGHEST_LIMIT:
        raise refuse("limit-not-a-number", clause)
    return int(node.this)
