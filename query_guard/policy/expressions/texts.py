"""Text: functions that fold it anywhere, and those that cut or measure it where no person's value can be cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from query_guard.policy.expressions.casts import write_label
from query_guard.policy.expressions.context import Context
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term, call, join_terms, quote_text

_LONGEST_PATTERN = 200


def text(node: Any, context: Context) -> Term:
    """A text. Raises `type-mismatch`."""
    term = context.write(node)
    if term.kind not in (Kind.TEXT, Kind.NULL):
        raise refuse("type-mismatch", node, remedy="This takes text.")
    return term


def literal_text(node: Any, context: Context, place: Any) -> Term:
    """A text that is written out, also joined of several or in small letters. Raises `pattern-not-literal`."""
    term = context.write(node)
    if term.kind is not Kind.TEXT or term.literal is None or len(term.literal) > _LONGEST_PATTERN:
        raise refuse("pattern-not-literal", place)
    return term


def _literal(value: str) -> Term:
    return Term(quote_text(value), Kind.TEXT, literal=value)


def fold_writer(name: str) -> Callable[[Any, Context], Term]:
    """The writer of `lower` and `upper`: they merge values and pick nobody out. A text written out stays one."""

    def write(node: Any, context: Context) -> Term:
        term = text(node.this, context)
        if term.literal is not None and term.literal.isascii():
            return _literal(_FOLDS[name](term.literal))
        return call(name, Kind.TEXT, term)

    return write


_FOLDS: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper}
_TRIMS = {"LEADING": "ltrim", "TRAILING": "rtrim"}


def write_trim(node: Any, context: Context) -> Term:
    """`trim(x)`, `ltrim(x)`, `rtrim(x)`: blanks; other characters of public or protected text only."""
    name = _TRIMS.get(str(node.args.get("position") or "").upper(), "trim")
    term, characters = text(node.this, context), node.args.get("expression")
    if characters is None:
        return call(name, Kind.TEXT, term)
    cut_off = literal_text(characters, context, node)
    return call(name, Kind.TEXT, term if cut_off.literal == " " else _not_private(term, node), cut_off)


def _not_private(term: Term, node: Any) -> Term:
    if term.private:
        raise refuse("private-text-cut", node)
    return term


def write_length(node: Any, context: Context) -> Term:
    """`length(x)`, of public or protected text."""
    return call("length", Kind.INTEGER, _not_private(text(node.this, context), node))


def cut_writer(name: str, *arguments: str) -> Callable[[Any, Context], Term]:
    """The writer of `left`, `right` and `substring`, of public or protected text, at literal positions."""

    def write(node: Any, context: Context) -> Term:
        parts = [_not_private(text(node.this, context), node)]
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
    parts = [_not_private(text(node.this, context), node)]
    parts += [literal_text(node.args[name], context, node) for name in ("expression", "replacement")]
    value, old, new = (part.literal for part in parts)
    if value is not None and old and len(value.replace(old, new)) <= _LONGEST_PATTERN:  # a text written out stays one
        return _literal(value.replace(old, new))
    return call("replace", Kind.TEXT, *parts)


def write_concat(node: Any, context: Context) -> Term:
    """`concat(a, b, ...)`, which leaves NULLs out; whole numbers that may be grouped by become labels."""
    parts = [_labelled(part, context) for part in node.expressions]
    return call("concat", Kind.TEXT, *parts)


def _labelled(node: Any, context: Context) -> Term:
    return write_label(node, context) if context.write(node).kind is Kind.INTEGER else text(node, context)


def write_concatenation(node: Any, context: Context) -> Term:
    """`a || b`."""
    left, right = text(node.this, context), text(node.expression, context)
    if left.literal is not None and right.literal is not None and len(left.literal + right.literal) <= _LONGEST_PATTERN:
        return _literal(left.literal + right.literal)
    return join_terms(f"({left.sql} || {right.sql})", Kind.TEXT, left, right, functions=("||",))
