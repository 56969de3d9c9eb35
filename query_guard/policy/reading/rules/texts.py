"""Texts: trailing blanks, patterns, positions, and what is joined to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from query_guard.policy.reading.entry import Untranslated, whole_literal
from query_guard.policy.reading.kind import WHOLE, Kind
from query_guard.policy.reading.kinds import Kinds

_JOINABLE = Kind.TEXT | WHOLE | Kind.DATE


def national(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """N'text' is a text."""
    return exp.Literal.string(str(node.this))


def length_without_blanks(node: Any, kinds: Kinds) -> Any:
    """T-SQL's LEN does not count blanks at the end."""
    return exp.Length(this=exp.Trim(this=_text(node.this, kinds), position="TRAILING"))


def length(node: Any, kinds: Kinds) -> Any:
    """LENGTH of a text."""
    return exp.Length(this=_text(node.this, kinds))


def cut(node: Any, kinds: Kinds) -> Any:
    """LEFT and RIGHT: what a negative number means differs."""
    number = whole_literal(node.expression)
    if number is None or number < 0:
        raise Untranslated("Give the number of characters as a literal.")
    return type(node)(this=_text(node.this, kinds), expression=node.expression)


def substring(node: Any, kinds: Kinds) -> Any:
    """SUBSTRING from a literal position of 1 or more: what comes before the first character differs."""
    start, count = whole_literal(node.args.get("start")), node.args.get("length")
    if start is None or start < 1 or (count is not None and (whole_literal(count) or -1) < 0):
        raise Untranslated("Give positions as literals from 1 on.")
    _text(node.this, kinds)
    return node


def _text(node: Any, kinds: Kinds) -> Any:
    if type(node) is exp.Cast and node.args["to"].this is exp.DType.TEXT and kinds.are(node.this, Kind.TEXT):
        return node.this  # sqlglot's own, around what may be a number
    if not kinds.are(node, Kind.TEXT):
        raise Untranslated("This takes text.")
    return node


def join(node: Any, kinds: Kinds) -> Any:
    """`a || b` and CONCAT(a, b) of texts, whole numbers and dates: other values are written differently."""
    parts = node.expressions or [node.this, node.expression]
    if not all(kinds.are(part, _JOINABLE) for part in parts):
        raise Untranslated("Join texts and whole numbers only.")
    return node


def pattern_without(sign: str, result: type[Any] | None = None) -> Callable[[Any, Kinds], Any]:
    """The rule of LIKE where `sign` means something in a pattern that DuckDB does not know."""

    def like(node: Any, kinds: Kinds) -> Any:
        text = kinds.text_of(node.expression)
        if text is not None and type(node.parent) is exp.Escape:
            text = _without_escaped(text, kinds.text_of(node.parent.expression))
        if text is None or (sign and sign in text):
            raise Untranslated(f"Write the pattern as a literal{f' without {sign}' if sign else ''}.")
        if result is None:
            return node
        return result(this=node.this, expression=node.expression, negate=node.args.get("negate"))

    return like


def _without_escaped(text: str, sign: str | None) -> str | None:
    """A pattern without what its escape sign takes the meaning of. None if the sign is not known."""
    return re.sub(f"{re.escape(sign)}.", "", text, flags=re.DOTALL) if sign is not None and len(sign) == 1 else None


def pattern_with_backslash(node: Any, kinds: Kinds) -> Any:
    """PostgreSQL's LIKE takes a backslash for its escape sign where none is named."""
    text = kinds.text_of(node.expression)
    if text is None:
        raise Untranslated("Write the pattern as a literal.")
    if "\\" not in text or type(node.parent) is exp.Escape:
        return node
    return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
