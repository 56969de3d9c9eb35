"""Numbers: where whole numbers stay whole numbers, and where signs bind differently."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.reading.entry import Untranslated, cast, in_brackets, whole_literal
from query_guard.policy.reading.kind import BROKEN, TIMES, WHOLE, Kind
from query_guard.policy.reading.kinds import Kinds

_WHICH_DIVISION = "Say which division is meant: CAST(x AS FLOAT) / y, or FLOOR(1.0 * x / y)."
_PRODUCTS = (exp.Mul, exp.Div, exp.Mod)


def divide(node: Any, kinds: Kinds) -> Any:
    """7 / 2 is 3 for whole numbers, towards zero (T-SQL, PostgreSQL, SQLite); in DuckDB it is 3.5."""
    left, right = node.this, node.expression
    if kinds.are(left, BROKEN) or kinds.are(right, BROKEN):
        return exp.Div(this=left, expression=right)
    if not kinds.are(left, WHOLE) or not kinds.are(right, WHOLE):
        raise Untranslated(_WHICH_DIVISION)
    big = kinds.may_be(left, Kind.BIGINT) or kinds.may_be(right, Kind.BIGINT)
    if whole_literal(right):
        return in_brackets(exp.IntDiv(this=left, expression=right), node)
    quotient = exp.Trunc(this=exp.Div(this=left, expression=right))
    return cast(quotient, exp.DType.BIGINT if big else exp.DType.INT)


def check_sign(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """T-SQL reads `a / -b * c` as `a / -(b * c)`: products bind tighter there than a sign."""
    if type(node.expression) is exp.Neg and isinstance(node.parent, _PRODUCTS) and node.arg_key == "this":
        raise Untranslated("Put the negative number in brackets: a / (-b) * c.")
    return node


def divide_with_sign(node: Any, kinds: Kinds) -> Any:
    """T-SQL's division: whole numbers and signs."""
    return divide(check_sign(node, kinds), kinds)


def remainder(node: Any, kinds: Kinds) -> Any:
    """SQLite makes both numbers whole before it takes the remainder."""
    if not kinds.are(node.this, WHOLE) or not kinds.are(node.expression, WHOLE):
        raise Untranslated("Take remainders of whole numbers only.")
    return node


def average(node: Any, kinds: Kinds) -> Any:
    """T-SQL's AVG of whole numbers is a whole number, cut towards zero. (A window is wrapped as a whole.)"""
    if type(node.parent) is exp.Window:
        return node
    return _cut(node, node, kinds)


def window(node: Any, kinds: Kinds) -> Any:
    """AVG(x) OVER (...) of whole numbers, in T-SQL."""
    return _cut(node, node.this, kinds) if type(node.this) is exp.Avg else node


def _cut(node: Any, mean: Any, kinds: Kinds) -> Any:
    if kinds.are(mean.this, BROKEN):
        return node
    if not kinds.are(mean.this, WHOLE):
        raise Untranslated("Say which average is meant: AVG(CAST(x AS FLOAT)).")
    return cast(exp.Trunc(this=node), exp.DType.BIGINT)


def stay_whole(node: Any, kinds: Kinds) -> Any:
    """Rounding a whole number gives a whole number there, in DuckDB a DOUBLE."""
    return cast(node, exp.DType.BIGINT) if kinds.of(node.this) & WHOLE and kinds.are(node.this, WHOLE) else node


def power(node: Any, kinds: Kinds) -> Any:
    """T-SQL's POWER has the type of its base: POWER(2, -1) is 0 there."""
    exponent = whole_literal(node.expression)
    if kinds.are(node.this, BROKEN) or (exponent is not None and exponent >= 0):
        return node
    raise Untranslated("Make the base a broken number: POWER(CAST(x AS FLOAT), y).")


def logarithm(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """LOG with a base; the logarithm of one number means base 10 in PostgreSQL, SQLite and DuckDB."""
    if node.args.get("expression") is not None and whole_literal(node.this) not in (2, 10):
        raise Untranslated("Write LOG(x) / LOG(base).")
    return node


def round_decimal(node: Any, kinds: Kinds) -> Any:
    """PostgreSQL rounds 2.5 up as numeric and to even as double precision; DuckDB rounds up."""
    if (
        node.args.get("decimals") is None
        and kinds.may_be(node.this, Kind.DOUBLE)
        and not kinds.may_be(node.this, WHOLE)
    ):
        raise Untranslated("Round a numeric: ROUND(x::numeric).")
    return node


def numbers_only(node: Any, kinds: Kinds) -> Any:
    """Sums and differences where dates are moved and texts joined in other ways than DuckDB's."""
    if kinds.may_be(node.this, ~(WHOLE | BROKEN | Kind.NULL)) or kinds.may_be(
        node.expression, ~(WHOLE | BROKEN | Kind.NULL)
    ):
        raise Untranslated("Add and subtract numbers only; move dates with the dialect's date functions.")
    return node


def plus(node: Any, kinds: Kinds) -> Any:
    """T-SQL joins texts with +."""
    if kinds.are(node.this, Kind.TEXT) and kinds.are(node.expression, Kind.TEXT):
        return exp.DPipe(this=node.this, expression=node.expression)
    if kinds.may_be(node.this, TIMES) or kinds.may_be(node.expression, TIMES):
        raise Untranslated("Move dates with DATEADD(day, n, d).")
    return numbers_only(node, kinds)


def minus(node: Any, kinds: Kinds) -> Any:
    """T-SQL's `datetime - datetime` is a datetime."""
    if kinds.may_be(node.this, TIMES) or kinds.may_be(node.expression, TIMES):
        raise Untranslated("Take differences with DATEDIFF(day, start, end), move dates with DATEADD(day, -n, d).")
    return numbers_only(node, kinds)
