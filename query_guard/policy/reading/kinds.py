"""What kind of value an expression gives, as far as a translation must know: 7 / 2 is 3 there only for whole numbers.

The answer is a set of possible kinds, never too small: a name stands for every column and every alias of that name,
whichever of them is meant. Whole-number columns count as the databases' plain INTEGER and other numbers as their exact
decimals, as OMOP's own table definitions have them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from typing import Any

from sqlglot import exp

from governance.catalogue import Catalogue
from query_guard.policy.reading.kind import ANY, NOTHING, Kind
from query_guard.policy.reading.kind_rules import KIND_RULES, Typing
from query_guard.policy.reading.values import Value, Values

_MOST_ROUNDS = 12
_COLUMN_TYPES: Mapping[str, Kind] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), Kind.INTEGER),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL"), Kind.DECIMAL),
    "VARCHAR": Kind.TEXT,
    "DATE": Kind.DATE,
    "TIMESTAMP": Kind.TIMESTAMP,
    "BOOLEAN": Kind.BOOLEAN,
}


@dataclass
class Kinds:
    """The kinds of the expressions of one statement `tree`, whose places have the kinds `values`.

    Those places that hold a text have it in `texts`.
    """

    tree: Any
    typing: Typing
    catalogue: Catalogue | None = None
    values: Mapping[str, Kind] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, Kind] = field(default_factory=dict)
    _stars_in_sets: bool = False
    _written: dict[int, tuple[Any, Kind]] = field(default_factory=dict)

    def of(self, node: Any) -> Kind:
        """The possible kinds of `node`."""
        if node is None:
            return Kind.NULL
        if id(node) in self._written:
            return self._written[id(node)][1]
        rule = KIND_RULES.get(type(node))
        return rule(node, self) if rule is not None else ANY

    def keep(self, written: Any, kind: Kind) -> None:
        """`written` stands for something of `kind`, whatever it would be in the caller's dialect."""
        self._written[id(written)] = (written, kind)  # the node is held, so that no other gets its identity

    def are(self, node: Any, kinds: Kind) -> bool:
        """Whether `node` is surely of one of these kinds (or NULL)."""
        return not self.of(node) & ~(kinds | Kind.NULL)

    def may_be(self, node: Any, kinds: Kind) -> bool:
        """Whether `node` can be of one of these kinds."""
        return bool(self.of(node) & kinds)

    def named(self, name: str) -> Kind:
        """The kinds of all columns and aliases of this name; of an unknown name any."""
        return ANY if self._stars_in_sets else self._names.get(name.lower(), ANY)

    def unknown_name(self, node: Any) -> str:
        """A column in `node` that no table and no alias has, or an empty text."""
        if self.catalogue is None:
            return ""
        names = (column.name for column in node.find_all(exp.Column))
        return next((name for name in names if name.lower() not in self._names), "")

    def text_of(self, node: Any) -> str | None:
        """The text of a literal or of a place that holds a text, also in brackets, folded or joined of several."""
        if type(node) is exp.Literal and node.args.get("is_string"):
            return str(node.this)
        if type(node) is exp.Paren:
            return self.text_of(node.this)
        if type(node) in _FOLDS:  # of a text that is written out, whose letters fold everywhere alike
            text = self.text_of(node.this)
            return _FOLDS[type(node)](text) if text is not None and text.isascii() else None
        if type(node) is exp.DPipe:
            parts = [self.text_of(part) for part in (node.this, node.expression)]
            return None if None in parts else "".join(str(part) for part in parts)
        return self.texts.get(str(node.this)) if type(node) is exp.Placeholder else None

    def read_names(self) -> None:
        """Learns the names, before anything is translated."""
        names = self._names
        for name, kind in self._columns():
            names[name] = names.get(name, NOTHING) | kind
        aliases = [(node.alias.lower(), node.this) for node in self.tree.find_all(exp.Alias)]
        aliases += self._other_branches()
        for name, _ in aliases:
            names.setdefault(name, NOTHING)
        for table in self.tree.find_all(exp.TableAlias):
            names.update({column.name.lower(): ANY for column in table.args.get("columns") or ()})
        for _ in range(_MOST_ROUNDS):  # an alias may be explained by others, or by itself
            if not self._grow(aliases):
                break
        else:
            names.update({name: ANY for name, _ in aliases})
        names.update({name: ANY for name, kind in names.items() if kind is NOTHING})

    def _columns(self) -> list[tuple[str, Kind]]:
        """The columns of the catalogue's tables that the statement names: no other's can be meant."""
        named = {table.name.lower() for table in self.tree.find_all(exp.Table)}
        tables = self.catalogue.tables.items() if self.catalogue is not None else ()
        return [
            (column.name.lower(), _COLUMN_TYPES.get(column.type.partition("(")[0].upper(), ANY))
            for name, table in tables
            if name.lower() in named
            for column in table.columns.values()
        ]

    def _other_branches(self) -> list[tuple[str, Any]]:
        """The columns of a UNION have the names of its first SELECT, and hold what the others give as well."""
        found = []
        for node in self.tree.find_all(*_SETS):
            first, *others = _branches(node)
            self._stars_in_sets = self._stars_in_sets or any(
                column.is_star for branch in (first, *others) for column in branch.expressions
            )
            found += [
                (named.alias_or_name.lower(), column)
                for branch in others
                for named, column in zip(first.expressions, branch.expressions, strict=False)
            ]
        return found

    def _grow(self, aliases: list[tuple[str, Any]]) -> bool:
        """One round over the aliases; whether any name has more kinds than before."""
        grown = False
        for name, node in aliases:
            found = self._names[name] | self.of(node)
            grown = grown or found != self._names[name]
            self._names[name] = found
        return grown


_FOLDS: Mapping[type[Any], Callable[[str], str]] = {exp.Lower: str.lower, exp.Upper: str.upper}
_SETS = (exp.Union, exp.Except, exp.Intersect)


def _branches(node: Any) -> list[Any]:
    """The SELECTs of a set operation, in reading order."""
    waiting, found = [node], []
    while waiting:
        part = waiting.pop()
        if type(part) in _SETS:
            waiting += [part.expression, part.this]
        elif type(part) is exp.Subquery:
            waiting.append(part.this)
        else:
            found.append(part)
    return found


def value_kinds(values: Values) -> dict[str, Kind]:
    """The kinds of the values of parameters."""
    return {name: _value_kind(value) for name, value in values.items()}


def _value_kind(value: Value | tuple[Value, ...]) -> Kind:
    if isinstance(value, tuple):
        return reduce(Kind.__or__, map(_value_kind, value), NOTHING)
    if isinstance(value, int) and abs(value) >= 2**31:
        return Kind.BIGINT
    return next(kind for python, kind in _VALUE_KINDS if isinstance(value, python))


_VALUE_KINDS: tuple[tuple[type[Any], Kind], ...] = (  # a bool is an int, a datetime is a date
    (type(None), Kind.NULL),
    (bool, Kind.BOOLEAN),
    (int, Kind.INTEGER),
    (float, Kind.DECIMAL),
    (str, Kind.TEXT),
    (datetime, Kind.TIMESTAMP),
    (date, Kind.DATE),
)
