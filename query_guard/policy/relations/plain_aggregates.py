"""Aggregates that are computed as they stand: of reference tables, of published values, and inside one person's rows.

Everything is total: numbers are summed as DOUBLE, spreads of values that could overflow are NULL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from query_guard.policy.expressions.context import Context
from query_guard.policy.measures.distributions import PAIRS
from query_guard.policy.measures.quantile_level import quantile_request
from query_guard.policy.measures.refused import written_name
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.ordering import order_sql
from query_guard.policy.relations.states import over_cells
from query_guard.policy.terms import (
    NUMBERS,
    TIMES,
    Kind,
    Term,
    as_double,
    as_integer,
    hide_detail,
    join_terms,
    quote_text,
)

Reader = Callable[[Any, Context, Term | None], Term]
_LARGEST = "1e100"  # squares of larger numbers would overflow, and the engine would say so


def write_plain_aggregate(node: Any, context: Context) -> Term:
    """The term of an aggregate, with or without FILTER. Raises `aggregate-not-available`."""
    kept = None
    if type(node) is exp.Filter:
        kept, node = context.condition(node.expression.this), node.this
    node = quantile_request(node)
    reader = _READERS.get(type(node))
    if reader is None:
        raise refuse("aggregate-not-available", node, name=written_name(node))
    return over_cells(reader(node, context, kept))


def _aggregate(name: str, arguments: str, kind: Kind, kept: Term | None, *parts: Term, also: str = "") -> Term:
    """`name(arguments) FILTER (WHERE kept)`. `also`: another function in the arguments."""
    sql = f"{name}({arguments})" + (f" FILTER (WHERE {kept.sql})" if kept is not None else "")
    function = "count_star" if arguments == "*" else name
    functions = (function, also) if also else (function,)
    return join_terms(sql, kind, *parts, *([kept] if kept is not None else []), functions=functions)


def _count(node: Any, context: Context, kept: Term | None) -> Term:
    argument = node.this
    if argument is None or type(argument) in (exp.Star, exp.Literal):
        return hide_detail(_aggregate("count", "*", Kind.INTEGER, kept))
    words = "DISTINCT " if type(argument) is exp.Distinct else ""
    if words and len(argument.expressions) != 1:
        raise refuse("distinct-not-available", node)
    value = context.null_test(argument.expressions[0] if words else argument)
    return hide_detail(_aggregate("count", f"{words}{value.sql}", Kind.INTEGER, kept, value))


def _count_if(node: Any, context: Context, kept: Term | None) -> Term:
    test = context.condition(node.this)
    both = test if kept is None else join_terms(f"({test.sql} AND {kept.sql})", Kind.BOOLEAN, test, kept)
    return hide_detail(_aggregate("count", "*", Kind.INTEGER, both))


def _extreme(name: str) -> Reader:
    def read(node: Any, context: Context, kept: Term | None) -> Term:
        value = context.write(node.this)
        return replace(_aggregate(name, value.sql, value.kind, kept, value), exposes=value.exposes)

    return read


def _truth(name: str) -> Reader:
    def read(node: Any, context: Context, kept: Term | None) -> Term:
        test = context.condition(node.this)
        return hide_detail(_aggregate(name, test.sql, Kind.BOOLEAN, kept, test))

    return read


def _measured(term: Term) -> Term:
    """A number made of a private quantity is as fine as the quantity."""
    return hide_detail(term, exposes=frozenset({ColumnUse.MEASURE}) if term.private else frozenset())


def _operand(node: Any, operand: Any, context: Context) -> Term:
    if type(operand) is exp.Distinct:
        raise refuse("distinct-not-available", node)
    value = context.write(operand)
    if value.kind not in NUMBERS:
        raise refuse("type-mismatch", node)
    return value


def _sum(node: Any, context: Context, kept: Term | None) -> Term:
    value = _operand(node, node.this, context)
    double = as_double(value)
    total = _aggregate("sum", double.sql, Kind.DOUBLE, kept, double)
    return _measured(as_integer(total) if value.kind is Kind.INTEGER else total)


def _simple(name: str) -> Reader:
    def read(node: Any, context: Context, kept: Term | None) -> Term:
        value = as_double(_operand(node, node.this, context))
        return _measured(_aggregate(name, value.sql, Kind.DOUBLE, kept, value))

    return read


def _bounded(name: str) -> Reader:
    """An aggregate of squares: values that could overflow are left out."""

    def read(node: Any, context: Context, kept: Term | None) -> Term:
        operands = [node.this, *([node.expression] if node.args.get("expression") is not None else [])]
        values = [as_double(_operand(node, operand, context)) for operand in operands]
        texts = [f"CASE WHEN abs({value.sql}) <= {_LARGEST} THEN {value.sql} END" for value in values]
        return _measured(_aggregate(name, ", ".join(texts), Kind.DOUBLE, kept, *values, also="abs"))

    return read


def _quantile(node: Any, context: Context, kept: Term | None) -> Term:
    value = context.write(node.this)
    if value.kind in TIMES:
        return _aggregate("quantile_disc", f"{value.sql}, {node.expression}", value.kind, kept, value)
    if value.kind not in NUMBERS:
        raise refuse("type-mismatch", node)
    double = as_double(value)
    name = "quantile_disc" if node.args.get("discrete") else "quantile_cont"
    return _measured(_aggregate(name, f"{double.sql}, {node.expression}", Kind.DOUBLE, kept, double))


def _joined(node: Any, context: Context, kept: Term | None) -> Term:
    """`string_agg(x, '; ' ORDER BY d)`, in a fixed order: the caller's, then that of the texts."""
    ordered = node.this if type(node.this) is exp.Order else None
    value = context.write(ordered.this if ordered is not None else node.this)
    separator = context.write(node.args["separator"]) if node.args.get("separator") is not None else None
    if value.kind is not Kind.TEXT or (separator is not None and separator.literal is None):
        raise refuse("type-mismatch", node)
    entries, parts = [], [value]
    for entry in ordered.expressions if ordered is not None else ():
        term = context.write(entry.this)
        parts.append(term)
        nulls = bool(entry.args.get("nulls_first"))
        entries.append(order_sql(term.sql, descending=bool(entry.args.get("desc")), nulls_first=nulls))
    if value.relations:  # a constant has no order
        entries.append(order_sql(value.sql, descending=False, nulls_first=False))
    text = separator.sql if separator is not None else quote_text(",")
    arguments = f"{value.sql}, {text}" + (f" ORDER BY {', '.join(entries)}" if entries else "")
    return replace(_aggregate("string_agg", arguments, Kind.TEXT, kept, *parts), exposes=value.exposes)


_READERS: dict[type[Any], Reader] = {
    exp.GroupConcat: _joined,
    exp.Count: _count,
    exp.CountIf: _count_if,
    exp.Min: _extreme("min"),
    exp.Max: _extreme("max"),
    exp.LogicalOr: _truth("bool_or"),
    exp.LogicalAnd: _truth("bool_and"),
    exp.Sum: _sum,
    exp.Avg: _simple("avg"),
    exp.Stddev: _bounded("stddev_samp"),
    exp.StddevSamp: _bounded("stddev_samp"),
    exp.StddevPop: _bounded("stddev_pop"),
    exp.Variance: _bounded("var_samp"),
    exp.VariancePop: _bounded("var_pop"),
    **{kind: _bounded(name) for kind, name in PAIRS.items()},
    exp.PercentileCont: _quantile,
}
