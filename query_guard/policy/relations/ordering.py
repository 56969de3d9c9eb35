"""One entry of ORDER BY or GROUP BY in the guard's SQL."""

from __future__ import annotations

from query_guard.policy.terms import SQL_TYPES, Term


def order_sql(sql: str, *, descending: bool, nulls_first: bool) -> str:
    """The entry, nothing left to the engine's defaults."""
    return f"{sql} {'DESC' if descending else 'ASC'} NULLS {'FIRST' if nulls_first else 'LAST'}"


def group_sql(key: Term) -> str:
    """The entry; a constant is no position of an output column."""
    return key.sql if key.relations else f"CAST({key.sql} AS {SQL_TYPES[key.kind]})"
