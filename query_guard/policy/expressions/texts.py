"""Text: LIKE with a literal pattern anywhere; functions that cut or measure only where no person's value can be cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.casts import write_label
from query_guard.policy.expressions.context import Context
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term, call, hide_detail, join_terms

_LONGEST_PATTERN = 200


def _text(node: Any, context: Context) -> Term:
    term = context.write(node)
    if term.kind not in (Kind.TEXT, Kind.NULL):
        raise refuse("type-mismatch", node, remedy="This takes text.")
    return term


def _literal_text(node: Any, context: Context, place: Any) -> Term:
    term = context.write(node)
    if term.kind is not Kind.TEXT or term.literal is None or len(term.literal) > _LONGEST_PATTERN:
        raise refuse("pattern-not-literal", place)
    return term


def _searched(node: Any, context: Context) -> Term:
    """Text that is searched; digits of people's numbers are not: they pick single ones out."""
    term = _text(node, context)
    if term.private and node.find(exp.Cast, exp.TryCast) is not None:
        raise refuse("private-text-cut", node)
    return term


def like_writer(operator: str, negated: str) -> Callable[[Any, Context], Term]:
    """The writer of LIKE or ILIKE. A pattern is as good as IN over a groupable column's visible values, so it may
    stay."""

    def write(node: Any, context: Context) -> Term:
        value, pattern = _searched(node.this, context), _literal_text(node.expression, context, node)
        word, name = (f"NOT {operator}", f"!{negated}") if node.args.get("negate") else (operator, negated)
        sql = f"({value.sql} {word} {pattern.sql})"
        return hide_detail(join_terms(sql, Kind.BOOLEAN, value, pattern, functions=(name,)))

    return write


def search_writer(name: str) -> Callable[[Any, Context], Term]:
    """The writer of `starts_with(x, 'A')` and `contains(x, 'A')`: LIKE in other words."""

    def write(node: Any, context: Context) -> Term:
        value, part = _searched(node.this, context), _literal_text(node.expression, context, node)
        return hide_detail(call(name, Kind.BOOLEAN, value, part))

    return write


def fold_writer(name: str) -> Callable[[Any, Context], Term]:
    """The writer of `lower`, `upper`, `trim`: they merge values and pick nobody out."""

    def write(node: Any, context: Context) -> Term:
        return call(name, Kind.TEXT, _text(node.this, context))

    return write


def _not_private(term: Term, node: Any) -> Term:
    if term.private:
        raise refuse("private-text-cut", node)
    return term


def write_length(node: Any, context: Context) -> Term:
    """`length(x)`, of public or protected text."""
    return call("length", Kind.INTEGER, _not_private(_text(node.this, context), node))


def cut_writer(name: str, *arguments: str) -> Callable[[Any, Context], Term]:
    """The writer of `left`, `right` and `substring`, of public or protected text, at literal positions."""

    def write(node: Any, context: Context) -> Term:
        parts = [_not_private(_text(node.this, context), node)]
        for argument in arguments:
            if node.args.get(argument) is not None:
                parts.append(_position(context.write(node.args[argument]), node))
        return call(name, Kind.TEXT, *parts)

    return write


def _position(term: Term, node: Any) -> Term:
    if term.kind is not Kind.INTEGER or term.literal is None or not 0 <= term.literal <= 10_000:
        raise refuse("pattern-not-literal", node)
    return term


def write_replacement(node: Any, context: Context) -> Term:
    """`replace(x, 'a', 'b')`, of public or protected text."""
    parts = [_not_private(_text(node.this, context), node)]
    parts += [_literal_text(node.args[name], context, node) for name in ("expression", "replacement")]
    return call("replace", Kind.TEXT, *parts)


def write_concat(node: Any, context: Context) -> Term:
    """`concat(a, b, ...)`, which leaves NULLs out; whole numbers that may be grouped by become labels."""
    parts = [_labelled(part, context) for part in node.expressions]
    return call("concat", Kind.TEXT, *parts)


def _labelled(node: Any, context: Context) -> Term:
    return write_label(node, context) if context.write(node).kind is Kind.INTEGER else _text(node, context)


def write_concatenation(node: Any, context: Context) -> Term:
    """`a || b`."""
    left, right = _text(node.this, context), _text(node.expression, context)
    return join_terms(f"({left.sql} || {right.sql})", Kind.TEXT, left, right, functions=("||",))
