"""Stage 2: every node of the tree, with every argument, is on the allow-list of `nodes.ALLOWED`, and the tree is
small."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from query_guard.policy.aggregate_names import NEVER_RELEASED, NOT_YET
from query_guard.policy.draft import Draft
from query_guard.policy.expressions import NAMED_WRITERS
from query_guard.policy.nodes import ALLOWED, ANY_PLAIN, REFUSED_ARGUMENTS, REFUSED_CLASSES
from query_guard.policy.refusing import refuse

DEEPEST_TREE = 60
MOST_NODES = 2000
_WRAPPERS = (exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)  # any_value(x) reads as IgnoreNulls(AnyValue(x))


def check_shape(draft: Draft) -> Draft:
    """Raises `too-complex`, `construct-not-available`, `unknown-function`, `aggregate-not-releasable` and their kin."""
    waiting: list[tuple[Any, int]] = [(draft.tree, 0)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST_TREE or seen > MOST_NODES:
            raise refuse("too-complex")
        if type(node) is exp.Select and node is not draft.tree:
            raise refuse("subquery-not-available", node)
        children = _check_node(node)
        # A chain of AND (OR) is written flat, so its links do not count as depth.
        deeper = [
            (child, depth + (type(child) is not type(node) or type(child) not in (exp.And, exp.Or)))
            for child in children
        ]
        waiting.extend(reversed(deeper))  # the first offence in reading order is the one reported
    return draft


def _check_node(node: Any) -> list[Any]:
    """The node's children. Raises the refusal of its class or of one of its arguments."""
    allowed = ALLOWED.get(type(node))
    if allowed is None:
        raise _refused_class(node)
    if type(node) is exp.Anonymous and str(node.this).lower() not in NAMED_WRITERS:
        raise _refused_function(node, str(node.this).lower())
    children: list[Any] = []
    for name, value in node.args.items():
        if value is None or value is False or value == []:
            continue
        if name not in allowed:
            raise refuse(REFUSED_ARGUMENTS.get((type(node), name), "construct-not-available"), node)
        children.extend(_check_argument(node, name, value, allowed[name]))
    return children


def _check_argument(node: Any, name: str, value: Any, rule: Any) -> list[Any]:
    """The expressions in the argument; a plain value must be one of those the rule lists."""
    values = value if isinstance(value, list) else [value]
    if rule is ANY_PLAIN and not any(isinstance(part, exp.Expr) for part in values):
        return []
    if isinstance(rule, set) and all(isinstance(part, str) and part in rule for part in values):
        return []
    if rule is None and all(isinstance(part, exp.Expr) for part in values):
        return values
    raise refuse(REFUSED_ARGUMENTS.get((type(node), name), "construct-not-available"), node)


def _refused_class(node: Any) -> Exception:
    if type(node) in _WRAPPERS and type(node.this) not in ALLOWED:
        return _refused_class(node.this)
    if type(node) in REFUSED_CLASSES:
        return refuse(REFUSED_CLASSES[type(node)], node)
    if isinstance(node, exp.Query):
        return refuse("subquery-not-available", node)
    if isinstance(node, exp.Func):
        return _refused_function(node, type(node).__name__.lower())
    return refuse("construct-not-available", node)


def _refused_function(node: Any, name: str) -> Exception:
    """The refusal of a function, by what it would do. The name shown is the one the caller wrote."""
    if type(node.parent) in (exp.Table, exp.From, exp.Join):
        return refuse("unknown-table", node, name=_written_name(node))
    if name in NEVER_RELEASED:
        return refuse("aggregate-not-releasable", node, name=_written_name(node))
    if name in NOT_YET or isinstance(node, exp.AggFunc):
        return refuse("aggregate-not-available", node, name=_written_name(node))
    return refuse("unknown-function", node, name=_written_name(node))


def _written_name(node: Any) -> str:
    if type(node) is exp.Anonymous:
        return str(node.this)
    match = re.match(r"\w+", node.sql(dialect="duckdb"))
    return match.group().lower() if match else type(node).__name__.lower()
