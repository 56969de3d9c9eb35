"""Searches in text: LIKE and its kin with a pattern written out, and whether a text is part of another.

A pattern is as good as IN over a groupable column's visible values, so it may stay. It is checked here, because DuckDB
fails on a pattern that ends in its escape sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.context import Context
from query_guard.policy.expressions.texts import literal_text, text
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term, call, hide_detail, join_terms

#: DuckDB's words: the operator, the functions it parses LIKE and NOT LIKE to, and the one with an escape sign.
_LIKE: Mapping[type[Any], tuple[str, str, str, str]] = MappingProxyType(
    {exp.Like: ("LIKE", "~~", "!~~", "like_escape"), exp.ILike: ("ILIKE", "~~*", "!~~*", "ilike_escape")}
)
#: Comparisons of a position that only ask whether there is one, by class and number.
_WHETHER = frozenset({(exp.GT, "0"), (exp.NEQ, "0"), (exp.GTE, "1"), (exp.EQ, "0"), (exp.LT, "1"), (exp.LTE, "0")})


def _searched(node: Any, context: Context) -> Term:
    """Text that is searched; digits of people's numbers are not: they pick single ones out."""
    term = text(node, context)
    if term.private and node.find(exp.Cast, exp.TryCast) is not None:
        raise refuse("private-text-cut", node)
    return term


def write_like(node: Any, context: Context) -> Term:
    """LIKE, ILIKE and their negations. Raises `pattern-not-literal`."""
    value, pattern = _searched(node.this, context), literal_text(node.expression, context, node)
    operator, name, negated, _ = _LIKE[type(node)]
    word, name = (f"NOT {operator}", negated) if node.args.get("negate") else (operator, name)
    sql = f"({value.sql} {word} {pattern.sql})"
    return hide_detail(join_terms(sql, Kind.BOOLEAN, value, pattern, functions=(name,)))


def write_escape(node: Any, context: Context) -> Term:
    """`x LIKE 'a!_b' ESCAPE '!'`: one visible sign, and something behind it wherever it stands."""
    inside = node.this.unnest()
    if type(inside) not in _LIKE:
        raise refuse("construct-not-available", node)
    value, pattern = _searched(inside.this, context), literal_text(inside.expression, context, node)
    sign = literal_text(node.expression, context, node)
    if len(sign.literal) != 1 or not sign.literal.isascii() or not _is_whole(pattern.literal, sign.literal):
        remedy = "Escape with one sign that is never the pattern's last: LIKE '%!%%' ESCAPE '!'."
        raise refuse("pattern-not-literal", node, remedy=remedy)
    found = hide_detail(call(_LIKE[type(inside)][3], Kind.BOOLEAN, value, pattern, sign))
    return join_terms(f"(NOT {found.sql})", Kind.BOOLEAN, found) if inside.args.get("negate") else found


def _is_whole(pattern: str, sign: str) -> bool:
    """Whether every escape sign has a character behind it."""
    return not pattern.replace(sign * 2, "").endswith(sign)


def search_writer(name: str) -> Callable[[Any, Context], Term]:
    """The writer of `starts_with(x, 'A')` and its kin: LIKE in other words."""

    def write(node: Any, context: Context) -> Term:
        value, part = _searched(node.this, context), literal_text(node.expression, context, node)
        return hide_detail(call(name, Kind.BOOLEAN, value, part))

    return write


def write_position(node: Any, context: Context) -> Term:
    """`strpos(x, 'a')`, of public or protected text; of people's only where it is asked whether there is one."""
    value, part = _searched(node.this, context), literal_text(node.args["substr"], context, node)
    if not value.private:
        return call("strpos", Kind.INTEGER, value, part)
    if not _asks_whether(node):
        raise refuse("private-text-cut", node, remedy="Ask whether it is there: contains(x, 'a'), strpos(x, 'a') > 0.")
    sql = f"CASE WHEN contains({value.sql}, {part.sql}) THEN 1 WHEN {value.sql} IS NOT NULL THEN 0 END"
    return hide_detail(join_terms(sql, Kind.INTEGER, value, part, functions=("contains",)))


def _asks_whether(node: Any) -> bool:
    parent = node.parent
    while type(parent) is exp.Paren:
        node, parent = parent, parent.parent
    other = parent.args.get("expression") if parent is not None and node.arg_key == "this" else None
    return type(other) is exp.Literal and not other.is_string and (type(parent), str(other.this)) in _WHETHER
