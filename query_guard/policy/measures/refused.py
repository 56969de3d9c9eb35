"""The refusal of an aggregate, by what it would do. The name shown is the one the caller wrote."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.aggregate_names import NEVER_RELEASED
from query_guard.policy.refusing import refuse


def refused_aggregate(node: Any) -> Refusal:
    """`aggregate-not-releasable` for what hands out values of single people, else `aggregate-not-available`."""
    if type(node) in (exp.IgnoreNulls, exp.RespectNulls, exp.Filter, exp.WithinGroup):
        return refused_aggregate(node.this)
    name = str(node.this).lower() if type(node) is exp.Anonymous else type(node).__name__.lower()
    code = "aggregate-not-releasable" if name in NEVER_RELEASED else "aggregate-not-available"
    return refuse(code, node, name=written_name(node))


def written_name(node: Any) -> str:
    """The function's name as the caller wrote it."""
    if type(node) is exp.Anonymous:
        return str(node.this)
    if type(node) is exp.GroupConcat:
        return "string_agg"
    match = re.match(r"\w+", node.sql(dialect="duckdb"))
    return match.group().lower() if match else type(node).__name__.lower()
