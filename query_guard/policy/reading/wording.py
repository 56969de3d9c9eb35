"""Says the place of a later stage's refusal in the caller's dialect: that stage knows DuckDB's words only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlglot
from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.reading.dialects import DUCKDB, dialect_named


def in_dialect(refusal: Refusal, dialect: str) -> Refusal:
    """`refusal` of a stage after reading, with its place as `dialect` writes it; as it is where that cannot be said.

    Raises Refusal `dialect-unknown`.
    """
    known = dialect_named(dialect)
    if known is DUCKDB or not refusal.where or refusal.where.endswith("…"):
        return refusal
    try:
        tree = sqlglot.parse_one(refusal.where, dialect=DUCKDB.reads)
        words = tree.transform(_as_division).sql(dialect=known.reads, comments=False)
    except Exception:  # an odd excerpt must not turn a refusal into a failure
        return refusal
    return replace(refusal, where=words)


def _as_division(node: Any) -> Any:
    """`a // 10` is how a translation writes `a / 10`."""
    if type(node) is not exp.IntDiv:
        return node
    return exp.Div(this=node.this, expression=node.expression, typed=True, safe=False)
