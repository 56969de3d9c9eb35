"""LIMIT and OFFSET: whole numbers, written out."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.refusing import refuse

_HIGHEST_LIMIT = 10**9


def whole_number(clause: Any) -> int | None:
    """The number of LIMIT or OFFSET. Raises `limit-not-a-number`."""
    if clause is None:
        return None
    node = clause.expression
    if type(node) is not exp.Literal or node.is_string or not str(node.this).isdigit():
        raise refuse("limit-not-a-number", clause)
    if int(node.this) > _HIGHEST_LIMIT:
        raise refuse("limit-not-a-number", clause)
    return int(node.this)


def limit_sql(limit: int | None, offset: int) -> str:
    """LIMIT and OFFSET in the guard's SQL."""
    text = f" LIMIT {limit}" if limit is not None else ""
    return text + (f" OFFSET {offset}" if offset else "")
