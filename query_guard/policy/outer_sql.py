"""The outer query: HAVING, ORDER BY, LIMIT and arithmetic, over one table of protected values in a process without
data.

A column that reads a hidden cell is hidden itself, whatever the expression (COALESCE included): its companion `s1`,
`s2` ... says so. Rows come in a fixed order (the caller's, then by group keys), never in the order in which people
were stored.
"""

from __future__ import annotations

from collections.abc import Iterable

from query_guard.policy.draft import Draft
from query_guard.policy.inner_sql import Written
from query_guard.policy.plan import PROTECTED_TABLE
from query_guard.policy.terms import Term, join_terms
from query_guard.policy.values import Values


def write_outer(draft: Draft, values: Values, keys: Iterable[str]) -> Written:
    """The text; columns c1, s1, c2, s2 ..."""
    columns = [values.write(item.node) for item in draft.items]
    selected = ", ".join(
        f"{_shown(term)} AS c{number}, {_is_hidden(term)} AS s{number}" for number, term in enumerate(columns, 1)
    )
    parts = list(columns)
    sql = f"SELECT {selected} FROM {PROTECTED_TABLE}"
    if draft.having is not None:
        test = values.condition(draft.having)
        parts.append(test)
        sql += f" WHERE {test.sql}"
    order = []
    for item in draft.order:
        term = values.write(item.node)
        parts.append(term)
        order.append(order_sql(_shown(term), item.descending, item.nulls_first))
    order += [order_sql(key, False, False) for key in keys]
    sql += f" ORDER BY {', '.join(order)}" if order else ""
    whole = join_terms(sql + limit_sql(draft), columns[0].kind, *parts)
    return Written(whole.sql, whole.functions)


def _is_hidden(term: Term) -> str:
    return f"({' OR '.join(f's_{name}' for name in sorted(term.statistics))})" if term.statistics else "FALSE"


def _shown(term: Term) -> str:
    return f"CASE WHEN {_is_hidden(term)} THEN NULL ELSE {term.sql} END" if term.statistics else term.sql


def order_sql(sql: str, descending: bool, nulls_first: bool) -> str:
    """One ORDER BY entry, nothing left to the engine's defaults."""
    return f"{sql} {'DESC' if descending else 'ASC'} NULLS {'FIRST' if nulls_first else 'LAST'}"


def limit_sql(draft: Draft) -> str:
    """LIMIT and OFFSET."""
    limit = f" LIMIT {draft.limit}" if draft.limit is not None else ""
    return limit + (f" OFFSET {draft.offset}" if draft.offset else "")
