"""`SELECT DISTINCT g, avg(x) OVER (PARTITION BY g)`: GROUP BY in other words, read as what it means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from query_guard.policy.relations.clauses import Clauses, OutputItem
from query_guard.policy.relations.origin import Origin
from query_guard.policy.relations.people_windows import is_total, partition_of
from query_guard.policy.walking import children, windows_in


def as_grouping(origin: Origin, clauses: Clauses) -> Clauses:
    """The same question with GROUP BY; unchanged where it is another one.

    It is the same where all windows are totals over one PARTITION BY, and what stands beside them is the same in every
    row of a partition: its keys, and columns that are the same in every row of FROM.
    """
    if not clauses.distinct or clauses.aggregated or clauses.qualify is not None or clauses.order_beside:
        return clauses
    windows = [window for item in clauses.items for window in windows_in(item.node)]
    partitions = {partition_of(window) for window in windows}
    if len(partitions) != 1 or not all(is_total(window) for window in windows):
        return clauses
    (partition,) = partitions
    beside = [node for item in clauses.items for node in _beside_windows(item.node, partition)]
    if not all(node in partition or _is_fixed(node, origin) for node in beside):
        return clauses
    keys = tuple(dict.fromkeys((*partition, *beside)))
    return replace(
        clauses,
        items=tuple(OutputItem(item.name, _without_over(item.node)) for item in clauses.items),
        keys=keys,
        levels=(tuple(range(len(keys))),),
        aggregated=True,
        distinct=False,
        windowed=False,
    )


def _beside_windows(node: Any, partition: tuple[Any, ...]) -> list[Any]:
    """The columns, subqueries and whole keys of a partition in an expression, outside its windows."""
    if node in partition or type(node) in (exp.Column, exp.Subquery, exp.Exists, exp.In):
        return [node]
    if type(node) is exp.Window:
        return []
    return [found for part in children(node) for found in _beside_windows(part, partition)]


def _is_fixed(node: Any, origin: Origin) -> bool:
    """Whether a column is the same in every row of FROM."""
    found = origin.rows.bare_column(node)
    return found is not None and found.is_fixed


def _without_over(node: Any) -> Any:
    return node.transform(lambda part: part.this if type(part) is exp.Window else part)
