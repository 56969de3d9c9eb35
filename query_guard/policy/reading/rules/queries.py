"""Queries: how many rows, set operations, ROLLUP, WITH, locks, quantiles."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlglot import exp

from query_guard.policy.reading.entry import Untranslated
from query_guard.policy.reading.kinds import Kinds
from query_guard.policy.reading.rules.dates import compared

_HARMLESS_HINTS = frozenset({"nolock", "readuncommitted", "readcommitted"})


def limit(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """TOP n, FETCH FIRST n ROWS ONLY. WITH TIES and PERCENT have no LIMIT."""
    options = node.args.get("limit_options")
    if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
        raise Untranslated("Ask for a number of rows: TOP 10, FETCH FIRST 10 ROWS ONLY.")
    count = node.args.get("count") if type(node) is exp.Fetch else node.expression
    return exp.Limit(expression=count if count is not None else exp.Literal.number(1))


def keep_limits_inside(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """A SELECT with its own LIMIT inside a set operation needs brackets in DuckDB."""
    for key in ("this", "expression"):
        part = node.args[key]
        if any(part.args.get(name) is not None for name in ("limit", "offset", "order", "with_")):
            node.set(key, exp.Subquery(this=part) if type(part) is not exp.Subquery else part)
    return node


def with_rollup(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """GROUP BY a, b WITH ROLLUP is GROUP BY ROLLUP (a, b)."""
    for key in ("rollup", "cube"):
        marks = node.args.get(key) or []
        if not any(not mark.expressions for mark in marks):
            continue
        if len(marks) != 1:
            raise Untranslated("Write GROUP BY ROLLUP (a, b).")
        marks[0].set("expressions", node.expressions)
        node.set("expressions", [])
    return node


def without_locks(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """WITH (NOLOCK): nobody writes here, so there is nothing to wait for."""
    for hint in node.args.get("hints") or ():
        if type(hint) is not exp.WithTableHint or any(
            str(part.this).lower() not in _HARMLESS_HINTS for part in hint.expressions
        ):
            raise Untranslated("Leave the table hint out.")
    node.set("hints", None)
    return node


def hint(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """Judged by its table."""
    return node


def not_recursive(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """T-SQL and SQLite read a WITH query that names itself as recursive, without saying so."""
    name = node.alias.lower()
    for table in node.this.find_all(exp.Table):
        if table.name.lower() == name and not table.args.get("db"):
            raise Untranslated("WITH queries cannot name themselves; give this one another name.")
    return node


def quantile(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x), also downwards; MODE() is passed on to be judged."""
    measure, order = node.this, node.expression
    if type(order) is not exp.Order or len(order.expressions) != 1:
        raise Untranslated("Order by one column.")
    ordered = order.expressions[0]
    if type(measure) is exp.Mode:
        return exp.Mode(this=ordered.this)
    if type(measure) not in (exp.PercentileCont, exp.PercentileDisc) or type(measure.this) is not exp.Literal:
        raise Untranslated("Write PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x).")
    share = Decimal(str(measure.this.this))
    if ordered.args.get("desc"):
        if type(measure) is exp.PercentileDisc:
            raise Untranslated("Order upwards and take 1 - p.")
        share = 1 - share
    return type(measure)(this=ordered.this, expression=exp.Literal.number(str(share)))


def unmaterialized(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """AS MATERIALIZED says how a WITH query is computed, not what it is."""
    node.set("materialized", None)
    return node


def any_of_list(node: Any, kinds: Kinds) -> Any:
    """x = ANY (ARRAY[1, 2]) is x IN (1, 2)."""
    listed = node.expression.this.unnest() if type(node.expression) is exp.Any else None
    if listed is None:
        return compared(node, kinds)
    if type(listed) is not exp.Array or not listed.expressions:
        raise Untranslated("Write x IN (1, 2, 3).")
    return compared(exp.In(this=node.this, expressions=list(listed.expressions)), kinds)


def list_of_any(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """ARRAY[1, 2] behind = ANY."""
    around = node.parent.parent if type(node.parent) is exp.Paren else node.parent
    if type(around) is not exp.Any or type(around.parent) is not exp.EQ:
        raise Untranslated("Lists stand in x = ANY (ARRAY[1, 2]) only.")
    return node


def null_test(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """A row IS NOT NULL in PostgreSQL when none of its columns is: here only single values are asked."""
    if type(node.this) is exp.Tuple:
        raise Untranslated("Ask each column by itself.")
    return node
