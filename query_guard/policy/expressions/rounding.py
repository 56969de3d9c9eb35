"""abs, round, floor, ceil, trunc, roots, powers and logarithms, in DOUBLE."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from query_guard.policy.expressions.arithmetic import numbers
from query_guard.policy.expressions.bands import as_band, is_band
from query_guard.policy.expressions.context import Context
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term, as_double, as_integer, join_terms

_MOST_DIGITS = 12


def _number(node: Any, context: Context) -> Term:
    (term,) = numbers([context.write(node)], node)
    return term


def write_absolute(node: Any, context: Context) -> Term:
    """`abs(x)`; computed in DOUBLE because DuckDB raises on the smallest integer."""
    term = _number(node.this, context)
    result = join_terms(f"abs({as_double(term).sql})", Kind.DOUBLE, term, functions=("abs",))
    return as_integer(result) if term.kind is Kind.INTEGER else result


def write_round(node: Any, context: Context) -> Term:
    """`round(x)` and `round(x, 2)`."""
    digits = node.args.get("decimals")
    places = context.write(digits) if digits is not None else Term("0", Kind.INTEGER, literal=0)
    if places.kind is not Kind.INTEGER or places.literal is None or abs(places.literal) > _MOST_DIGITS:
        raise refuse("pattern-not-literal", node)
    value = as_double(_number(node.this, context))
    return join_terms(f"round({value.sql}, {places.sql})", Kind.DOUBLE, value, functions=("round",))


def write_sign(node: Any, context: Context) -> Term:
    """`sign(x)`: -1, 0 or 1."""
    value = as_double(_number(node.this, context))
    return as_integer(join_terms(f"sign({value.sql})", Kind.DOUBLE, value, functions=("sign",)))


def curve_writer(name: str, domain: str) -> Callable[[Any, Context], Term]:
    """The writer of `sqrt`, `ln` and their kin: NULL outside the numbers for which DuckDB has a result."""

    def write(node: Any, context: Context) -> Term:
        value = as_double(_number(node.this, context))
        sql = f"CASE WHEN {value.sql} {domain} THEN {name}({value.sql}) END"
        return join_terms(sql, Kind.DOUBLE, value, functions=(name,))

    return write


def write_power(node: Any, context: Context) -> Term:
    """`power(x, y)`, `x ** y`; what is no number (the root of a negative one) is NULL."""
    base, exponent = (as_double(_number(part, context)) for part in (node.this, node.expression))
    sql = f"power({base.sql}, {exponent.sql})"
    finite = f"CASE WHEN isfinite({sql}) THEN {sql} END"
    return join_terms(finite, Kind.DOUBLE, base, exponent, functions=("power", "isfinite"))


def write_logarithm(node: Any, context: Context) -> Term:
    """`log(x)`, `log10(x)`, `log2(x)` and `log(base, x)` with a base that is written out."""
    base, value = node.this, node.args.get("expression")
    if value is None:
        base, value = None, base
    number = context.write(base).literal if base is not None else 10
    if not isinstance(number, int | float) or number <= 1:
        raise refuse("pattern-not-literal", node, remedy="Write the base as a number, for example log(2, x).")
    term = as_double(_number(value, context))
    name = _LOGARITHMS.get(number)
    logarithm = f"{name}({term.sql})" if name else f"(ln({term.sql}) / {math.log(number)!r})"
    sql = f"CASE WHEN {term.sql} > 0e0 THEN {logarithm} END"
    return join_terms(sql, Kind.DOUBLE, term, functions=(name,) if name else ("ln", "/"))


_LOGARITHMS: dict[float, str] = {2: "log2", 10: "log10"}


def step_writer(name: str) -> Callable[[Any, Context], Term]:
    """The writer of `floor`, `ceil` and `trunc`. `floor(measure / width)` with a band's width may be grouped by."""

    def write(node: Any, context: Context) -> Term:
        value = as_double(_number(node.this, context))
        result = join_terms(f"{name}({value.sql})", Kind.DOUBLE, value, functions=(name,))
        return as_band(result) if name == "floor" and is_band(node.this, context) else result

    return write
