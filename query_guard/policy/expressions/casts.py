"""CAST and TRY_CAST, always written as TRY_CAST: a failing conversion would print or betray a value."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from query_guard.policy.expressions.comparison import to_timestamp
from query_guard.policy.expressions.context import Context
from query_guard.policy.expressions.literals import read_date, read_number
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import NUMBERS, TIMES, Kind, Term, join_terms

_T = exp.DType
_TARGETS: dict[Any, Kind] = {
    **dict.fromkeys((_T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT), Kind.INTEGER),
    **dict.fromkeys((_T.FLOAT, _T.DOUBLE, _T.DECIMAL), Kind.DOUBLE),
    **dict.fromkeys((_T.TEXT, _T.VARCHAR), Kind.TEXT),
    _T.DATE: Kind.DATE,
    _T.TIMESTAMPNTZ: Kind.TIMESTAMP,
    _T.TIMESTAMP: Kind.TIMESTAMP,
    _T.BOOLEAN: Kind.BOOLEAN,
}
_SQL_NAMES = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "BIGINT",
    Kind.DOUBLE: "DOUBLE",
    Kind.TEXT: "VARCHAR",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
}
_SOURCES: dict[Kind, frozenset[Kind]] = {
    Kind.INTEGER: NUMBERS | {Kind.TEXT, Kind.BOOLEAN},
    Kind.DOUBLE: NUMBERS | {Kind.TEXT},
    Kind.TEXT: NUMBERS | TIMES | {Kind.TEXT},
    Kind.DATE: TIMES | {Kind.TEXT},
    Kind.TIMESTAMP: TIMES | {Kind.TEXT},
    Kind.BOOLEAN: frozenset({Kind.BOOLEAN}),  # some dialects' readers put it around every truth value
}


def write_cast(node: Any, context: Context) -> Term:
    """`CAST(x AS type)`, `x::type`. Raises `cast-not-available`, `private-text-cut`."""
    target = _TARGETS.get(node.args["to"].this)
    term = context.write(node.this)
    if target is None:
        raise refuse("cast-not-available", node)
    if term.kind is Kind.NULL:
        return join_terms(f"CAST(NULL AS {_SQL_NAMES[target]})", target, term)
    if term.kind not in _SOURCES[target]:
        raise refuse("cast-not-available", node)
    if target is Kind.TEXT:
        return _as_text(term, node)
    result = _convert(term, target, node)
    if node.args["to"].this is _T.DECIMAL:  # DECIMALs can overflow: a DOUBLE with so many places instead
        sql = f"round({result.sql}, {_decimal_places(node.args['to'])})"
        return join_terms(sql, Kind.DOUBLE, result, functions=("round",))
    return result


def write_label(node: Any, context: Context) -> Term:
    """A number as text, as in `concat('age ', n)`. Raises `private-text-cut`."""
    return _as_text(context.write(node), node)


def _as_text(term: Term, node: Any) -> Term:
    """Text; of people's values only numbers that may be grouped by."""
    label = term.kind in NUMBERS and term.exposes <= {ColumnUse.GROUP}
    if term.kind is not Kind.TEXT and term.private and not label:
        raise refuse("private-text-cut", node)
    return _convert(term, Kind.TEXT, node)


def _convert(term: Term, target: Kind, node: Any) -> Term:
    if term.kind is Kind.TEXT and term.literal is not None and target in TIMES:
        read = read_date(term, target, node)
        return read if target is Kind.DATE else to_timestamp(read)
    if term.kind is Kind.TEXT and term.literal is not None and target in NUMBERS:
        term = read_number(term, node)
    if term.kind is target:
        return term
    return join_terms(f"TRY_CAST({term.sql} AS {_SQL_NAMES[target]})", target, term)


def _decimal_places(data_type: Any) -> int:
    """The scale of DECIMAL(p, s); DuckDB's default is DECIMAL(18, 3)."""
    digits = [str(part.this.this) for part in data_type.expressions]
    if len(digits) == 2 and digits[1].isdigit():
        return min(int(digits[1]), 12)
    return 0 if digits else 3
