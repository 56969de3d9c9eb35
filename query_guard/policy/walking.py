"""Questions about the caller's tree: is this an aggregate, a window, a query inside the query?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from query_guard.policy.aggregate_names import AGGREGATE_NAMES

#: sqlglot writes any_value(x) as IgnoreNulls(AnyValue(x)).
_NULLS = (exp.IgnoreNulls, exp.RespectNulls)


def is_aggregate(node: Any) -> bool:
    """Whether the node is an aggregate, with or without FILTER or WITHIN GROUP."""
    if type(node) in _NULLS:
        return is_aggregate(node.this)
    if type(node) is exp.Anonymous:
        return str(node.this).lower() in AGGREGATE_NAMES
    return isinstance(node, exp.AggFunc) or type(node) in (exp.Filter, exp.WithinGroup)


def is_subquery(node: Any) -> bool:
    """Whether the node asks a query inside the query."""
    return type(node) in (exp.Subquery, exp.Exists) or (type(node) is exp.In and bool(node.args.get("query")))


def children(node: Any) -> Iterator[Any]:
    """The expressions directly inside, but nothing that belongs to another query."""
    if type(node) in (exp.Subquery, exp.Exists):
        return
    for name, value in node.args.items():
        if type(node) is exp.In and name == "query":
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                yield part


def window_function(node: Any) -> tuple[Any, Any]:
    """The function of a window and the condition of its FILTER (or None)."""
    function = node.this.this if type(node.this) in _NULLS else node.this
    if type(function) is exp.Filter:
        return function.this, function.expression.this
    return function, None


def window_parts(node: Any) -> Iterator[Any]:
    """Every expression of a window but its function itself: arguments, FILTER, PARTITION BY, ORDER BY."""
    function, kept = window_function(node)
    yield from children(function)
    if kept is not None:
        yield kept
    yield from node.args.get("partition_by") or ()
    order = node.args.get("order")
    yield from (entry.this for entry in (order.expressions if order is not None else ()))


def has_aggregate(node: Any) -> bool:
    """Whether an aggregate stands anywhere inside; a window's own function is none."""
    if type(node) is exp.Window:
        return any(has_aggregate(part) for part in window_parts(node))
    return is_aggregate(node) or any(has_aggregate(part) for part in children(node))


def has_window(node: Any) -> bool:
    """Whether a window stands anywhere inside."""
    return type(node) is exp.Window or any(has_window(part) for part in children(node))


def windows_in(node: Any) -> Iterator[Any]:
    """The windows inside, but none of another query."""
    if type(node) is exp.Window:
        yield node
    for part in children(node):
        yield from windows_in(part)


def has_subquery(node: Any) -> bool:
    """Whether a query inside the query stands anywhere inside."""
    return is_subquery(node) or any(has_subquery(part) for part in children(node))


def columns_named(tree: Any) -> frozenset[str]:
    """The lower-case column names anywhere in a tree, subqueries included, and `*` if it holds a star."""
    names = {column.name.lower() for column in tree.find_all(exp.Column)}
    names |= {name.name.lower() for join in tree.find_all(exp.Join) for name in join.args.get("using") or ()}
    starred = any(type(star.parent) is not exp.Count for star in tree.find_all(exp.Star))
    return frozenset(names | ({"*"} if starred else set()))
