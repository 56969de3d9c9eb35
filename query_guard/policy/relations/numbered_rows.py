"""Rows numbered in order (`row_number() OVER (PARTITION BY g ORDER BY x) AS n`): `GROUP BY n, g, ...` makes each row a
group of its own, so it is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from query_guard.policy.relations.clauses import Clauses
from query_guard.policy.relations.origin import Origin
from query_guard.policy.relations.people_windows import partition_of
from query_guard.policy.rows import Rows
from query_guard.policy.walking import has_aggregate

if TYPE_CHECKING:
    from query_guard.policy.relations.person_rows import Made


def with_numbers(columns: list[Made], clauses: Clauses, rows: Rows) -> list[Made]:
    """The columns of a subquery, row numbers among them marked with the columns that they number the rows of."""
    names = {made.term.sql: made.column.sql for made in columns}
    found = []
    for made, item in zip(columns, clauses.items, strict=True):
        numbered = _numbered(item.node, names, rows)
        found.append(replace(made, column=replace(made.column, numbers=numbered)) if numbered is not None else made)
    return found


def _numbered(node: Any, names: dict[str, str], rows: Rows) -> frozenset[str] | None:
    """The columns that a row number is counted within, where all of them are there."""
    if type(node) is not exp.Window or type(node.this) is not exp.RowNumber:
        return None
    if any((found := rows.bare_column(part)) is not None and found.is_key for part in partition_of(node)):
        return None
    within = [names.get(rows.write(part).sql) for part in partition_of(node)]
    return frozenset(name for name in within if name) if all(within) else None


def without_single_rows(origin: Origin, clauses: Clauses) -> Clauses:
    """The same question without a GROUP BY that makes each row a group of its own; unchanged where it does not."""
    if not clauses.keys or clauses.levelled or clauses.having is not None or len(origin.sources) != 1:
        return clauses
    places = [*(item.node for item in clauses.items), *(item.node for item in clauses.order)]
    if clauses.qualify is not None or any(has_aggregate(node) for node in places):
        return clauses
    found = [key for node in clauses.keys if (key := origin.rows.bare_column(node)) is not None]
    grouped = {key.column.sql for key in found}
    if not any(key.column.numbers is not None and key.column.numbers <= grouped for key in found):
        return clauses
    return replace(clauses, keys=(), levels=((),), aggregated=False)
