"""DuckDB's other names for what it has already: one form of each, so that nothing later knows two.

Only functions that DuckDB itself computes as the one they become, or that differ in the last digits of a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlglot import exp

_OF_NOTHING: Mapping[str, type[Any]] = MappingProxyType(
    dict.fromkeys(("now", "get_current_timestamp", "transaction_timestamp"), exp.CurrentTimestamp)
)
_OF_ONE: Mapping[str, type[Any]] = MappingProxyType(
    {"mean": exp.Avg, "favg": exp.Avg, **dict.fromkeys(("fsum", "kahan_sum", "sumkahan"), exp.Sum)}
)


def use_one_name(tree: Any) -> Any:
    """The tree with every synonym replaced."""
    for node in list(tree.find_all(*_REWRITES)):
        written = _REWRITES[type(node)](node)
        if written is not node:
            node.replace(written)
    return tree


def _named(node: Any) -> Any:
    name, arguments = str(node.this).lower(), node.expressions
    if not arguments and name in _OF_NOTHING:
        return _OF_NOTHING[name]()
    if len(arguments) == 1 and name in _OF_ONE:
        return _OF_ONE[name](this=arguments[0])
    return node


def _pairs(node: Any) -> Any:
    """regr_count(y, x) counts the rows that have both."""
    if node.args.get("expression") is None:
        return node
    there = [exp.Not(this=exp.Is(this=part, expression=exp.Null())) for part in (node.this, node.expression)]
    both = exp.If(this=exp.And(this=there[0], expression=there[1]), true=exp.Literal.number(1))
    return exp.Count(this=exp.Case(ifs=[both]))


_REWRITES: Mapping[type[Any], Callable[[Any], Any]] = MappingProxyType({exp.Anonymous: _named, exp.RegrCount: _pairs})
