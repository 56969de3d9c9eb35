"""Literals: the only text of the caller that reaches DuckDB, re-written by type; dates are read here, not there."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

from query_guard.policy.expressions.context import Context
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term, number, quote_text

_LARGEST_INTEGER = 2**63 - 1


def write_literal(node: Any, context: Context) -> Term:  # noqa: ARG001  (all writers have one signature)
    """A text or a number. Raises `number-out-of-range`."""
    if node.args.get("is_string"):
        return Term(quote_text(str(node.this)), Kind.TEXT, literal=str(node.this))
    return _number(str(node.this), node)


def _number(text: str, node: Any) -> Term:
    if text.isascii() and text.isdigit() and int(text) <= _LARGEST_INTEGER:
        return Term(str(int(text)), Kind.INTEGER, literal=int(text))
    try:
        value = float(text)
    except ValueError:
        raise refuse("sql-not-read", node) from None
    if not math.isfinite(value):
        raise refuse("number-out-of-range", node)
    return number(value)


def write_boolean(node: Any, context: Context) -> Term:  # noqa: ARG001
    """TRUE or FALSE."""
    return Term("TRUE" if node.this else "FALSE", Kind.BOOLEAN)


def write_null(node: Any, context: Context) -> Term:  # noqa: ARG001
    """NULL."""
    return Term("NULL", Kind.NULL)


def negate(term: Term) -> Term:
    """A number literal with its sign turned, so that `-5` stays a literal."""
    value = -term.literal
    if term.kind is Kind.DOUBLE:
        return number(value)
    return Term(f"({value})", Kind.INTEGER, literal=value)


def read_number(term: Term, node: Any) -> Term:
    """A text literal as the number it meets ('1950' = 1950). Raises `type-mismatch`."""
    text = str(term.literal).strip()
    try:
        sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
        if digits.isascii() and digits.isdigit() and int(digits) <= _LARGEST_INTEGER:
            return Term(f"({sign * int(digits)})", Kind.INTEGER, literal=sign * int(digits))
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        raise refuse("type-mismatch", node) from None
    if not math.isfinite(value):
        raise refuse("type-mismatch", node)
    return number(value)


def read_date(term: Term, kind: Kind, node: Any) -> Term:
    """A text literal as DATE or TIMESTAMP. ISO forms of the years 1-9999 only. Raises `date-not-read`."""
    text = str(term.literal).strip()
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None or not text[:4].isdigit() or text[4:5] != "-":
            raise ValueError
    except ValueError:
        raise refuse("date-not-read", node) from None
    if kind is Kind.DATE and moment.time() == datetime.min.time():
        return date_term(moment.date())
    return Term(f"TIMESTAMP '{moment.isoformat(sep=' ')}'", Kind.TIMESTAMP, literal=text)


def date_term(day: date) -> Term:
    """A DATE literal."""
    return Term(f"DATE '{day.isoformat()}'", Kind.DATE, literal=day.isoformat())
