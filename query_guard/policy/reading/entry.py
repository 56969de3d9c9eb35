"""One line of a translation table: which arguments a class of expression may have, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from query_guard.policy.reading.kinds import Kinds

Rule = Callable[[Any, Kinds], Any]


@dataclass(frozen=True)
class Entry:
    """Arguments that may be present (all others refuse the class), and the rule; without one the node stays."""

    arguments: frozenset[str]
    rule: Rule | None = None


Table = Mapping[type[Any], Entry]


class Untranslated(Exception):  # noqa: N818  (an answer of a rule, not an error)
    """A rule's way to say that this would change its meaning. The text is the remedy, empty for the usual one."""


def same(*classes: type[Any], of: str = "") -> dict[type[Any], Entry]:
    """Classes that mean the same in DuckDB, with the arguments named in `of`."""
    return dict.fromkeys(classes, Entry(frozenset(of.split())))


def ruled(rule: Rule, *classes: type[Any], of: str = "") -> dict[type[Any], Entry]:
    """Classes that `rule` translates, with the arguments named in `of`."""
    return dict.fromkeys(classes, Entry(frozenset(of.split()), rule))


_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe)


def in_brackets(written: Any, place: Any) -> Any:
    """`written`, in brackets if it takes the place of a node inside arithmetic."""
    return exp.Paren(this=written) if isinstance(place.parent, _ARITHMETIC) else written


def cast(value: Any, kind: Any) -> Any:
    """CAST(value AS kind)."""
    return exp.Cast(this=value, to=exp.DataType(this=kind, nested=False))


def whole_literal(node: Any) -> int | None:
    """The number of a literal such as 30 or -30, or None."""
    sign, node = (-1, node.this) if type(node) is exp.Neg else (1, node)
    text = str(node.this) if type(node) is exp.Literal and not node.args.get("is_string") else ""
    return sign * int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
