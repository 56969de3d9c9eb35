"""`SELECT DISTINCT g, avg(x) OVER (PARTITION BY g)`: GROUP BY in other words, read as what it means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from query_guard.policy.relations.clauses import Clauses, OutputItem


def as_grouping(clauses: Clauses) -> Clauses:
    """The same question with GROUP BY; unchanged where it is another one."""
    if not clauses.distinct or clauses.aggregated or clauses.qualify is not None:
        return clauses
    windows = [item.node for item in clauses.items if type(item.node) is exp.Window]
    if not windows or not all(_is_total(window) for window in windows):
        return clauses
    partition = list(windows[0].args.get("partition_by") or [])
    if any(list(window.args.get("partition_by") or []) != partition for window in windows):
        return clauses
    others = [item.node for item in clauses.items if type(item.node) is not exp.Window]
    if not all(node in partition for node in others):
        return clauses
    items = tuple(OutputItem(item.name, _function(item.node)) for item in clauses.items)
    return replace(
        clauses,
        items=items,
        keys=tuple(partition),
        levels=(tuple(range(len(partition))),),
        aggregated=True,
        distinct=False,
        windowed=False,
    )


def _is_total(window: Any) -> bool:
    """Whether a window's function is an aggregate over the whole partition."""
    function = window.this
    plain = isinstance(function, exp.AggFunc) and type(function) not in (
        exp.Lag,
        exp.Lead,
        exp.FirstValue,
        exp.LastValue,
    )
    plain = plain or type(function) in (exp.Filter, exp.WithinGroup)
    return plain and window.args.get("order") is None and window.args.get("spec") is None


def _function(node: Any) -> Any:
    return node.this if type(node) is exp.Window else node
