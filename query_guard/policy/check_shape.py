"""Stage 2: every node of the tree, with every argument, is on the allow-list of `nodes.ALLOWED`, and the tree is
small."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.expressions import NAMED_WRITERS
from query_guard.policy.measures.refused import written_name
from query_guard.policy.nodes import ALLOWED, ANY_PLAIN, BOTH, ORDERED_INSIDE, REFUSED_ARGUMENTS, REFUSED_CLASSES
from query_guard.policy.refusing import refuse
from query_guard.policy.walking import is_aggregate

DEEPEST_TREE = 60
MOST_NODES = 2000
_CHAINS = (exp.And, exp.Or)


def check_shape(tree: Any) -> None:
    """Raises `too-complex`, `construct-not-available`, `unknown-function`, `aggregate-not-releasable` and their kin."""
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST_TREE or seen > MOST_NODES:
            raise refuse("too-complex")
        children = _check_node(node)
        # A chain of AND (OR) is written flat, so its links do not count as depth.
        flat = type(node) if type(node) in _CHAINS else None
        for child in reversed(children):  # the first offence in reading order is the one reported
            waiting.append((child, depth if type(child) is flat else depth + 1))


def _check_node(node: Any) -> list[Any]:
    """The node's children. Raises the refusal of its class or of one of its arguments."""
    allowed = ALLOWED.get(type(node))
    if allowed is None and is_aggregate(node) and _is_value(node):
        return []  # it is never written: the column is given without value, and why (`Requests.ask`)
    if allowed is None:
        raise _refused_class(node)
    if type(node) is exp.Anonymous and str(node.this).lower() not in NAMED_WRITERS:
        if is_aggregate(node) and _is_value(node):
            return []
        raise _refused_function(node)
    if type(node) is exp.Order and node.args.get("this") is not None and type(node.parent) not in ORDERED_INSIDE:
        raise refuse("construct-not-available", node)
    children: list[Any] = []
    for name, value in node.args.items():
        if value is None or value is False or (type(value) is list and not value):
            continue
        if name not in allowed:
            raise refuse(REFUSED_ARGUMENTS.get((type(node), name), "construct-not-available"), node)
        rule = allowed[name]
        if rule is None and isinstance(value, exp.Expr):  # by far the most frequent
            children.append(value)
        else:
            children.extend(_check_argument(node, name, value, rule))
    return children


def _check_argument(node: Any, name: str, value: Any, rule: Any) -> list[Any]:
    """The expressions in the argument; a plain value must be one of those the rule lists."""
    values = value if isinstance(value, list) else [value]
    if rule is BOTH:
        return [part for part in values if isinstance(part, exp.Expr)]
    if rule is ANY_PLAIN and not any(isinstance(part, exp.Expr) for part in values):
        return []
    if isinstance(rule, set) and all(isinstance(part, str) and part in rule for part in values):
        return []
    if rule is None and all(isinstance(part, exp.Expr) for part in values):
        return values
    raise refuse(REFUSED_ARGUMENTS.get((type(node), name), "construct-not-available"), node)


def _is_value(node: Any) -> bool:
    """Whether the node stands where a value does, and not in FROM."""
    return type(node.parent) not in (exp.Table, exp.From, exp.Join)


def _refused_class(node: Any) -> Exception:
    if type(node) in REFUSED_CLASSES:
        return refuse(REFUSED_CLASSES[type(node)], node)
    if isinstance(node, exp.Func):
        return _refused_function(node)
    return refuse("construct-not-available", node)


def _refused_function(node: Any) -> Exception:
    """The refusal of a function. The name shown is the one the caller wrote."""
    if not _is_value(node):
        return refuse("unknown-table", node, name=written_name(node))
    return refuse("unknown-function", node, name=written_name(node))
