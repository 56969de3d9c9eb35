"""The context of expressions over rows: what a name means in ON, WHERE, GROUP BY, FILTER and inside aggregates.

The promise: a name becomes a column only by being found in the catalogue; a column that is forbidden and one that
does not exist are told apart by nobody. Person and row keys come out of here only through the few doors that ask
for them by name.

Names are looked up here, where they are written into the new text, and not by sqlglot's `qualify`: what it leaves over
(whole rows, COLUMNS, positions) would have to be found and refused afterwards, and its order of precedence between
columns and output names is not DuckDB's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from governance.catalogue import CatalogueColumn, ColumnUse
from query_guard.policy.draft import Source
from query_guard.policy.expressions import NAMED_WRITERS, WRITERS, Context
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term

_WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys((*_WHOLE_NUMBERS, "INT"), Kind.INTEGER),
    **dict.fromkeys(("FLOAT", "DOUBLE", "REAL"), Kind.DOUBLE),
    **dict.fromkeys(("VARCHAR", "TEXT", "STRING", "CHAR"), Kind.TEXT),
    "DATE": Kind.DATE,
    **dict.fromkeys(("TIMESTAMP", "DATETIME"), Kind.TIMESTAMP),
    "BOOLEAN": Kind.BOOLEAN,
}
_WIDE_NUMBERS = ("DECIMAL", "NUMERIC", "HUGEINT", "UHUGEINT")  # compared as DOUBLE: their own conversions can raise
_KEYS = {ColumnUse.PERSON: "person-key-use", ColumnUse.KEY: "row-key-use"}

Found = tuple[Source, CatalogueColumn]


@dataclass(frozen=True)
class Rows(Context):
    """Names are looked up among `sources`, then among the output names (`aliases`), as DuckDB does."""

    sources: tuple[Source, ...]
    merged: Mapping[str, frozenset[str]] = field(default_factory=dict)
    aliases: Mapping[str, Any] = field(default_factory=dict)
    expanding: frozenset[str] = frozenset()

    def write(self, node: Any) -> Term:
        """See Context."""
        writer = WRITERS.get(type(node))
        if writer is None and type(node) is exp.Anonymous:
            writer = NAMED_WRITERS.get(str(node.this).lower())
        if writer is None:
            raise refuse("aggregate-misplaced" if is_aggregate(node) else "construct-not-available", node)
        return writer(node, self)

    def column(self, node: Any) -> Term:
        """See Context. Raises `person-key-use` and `row-key-use` for keys."""
        found = self.find(node)
        if found is None:
            return self.output_name(node)
        source, column = found
        if source.is_private and column.use in _KEYS:
            raise refuse(_KEYS[column.use], node, name=column.name)
        return self.column_term(source, column)

    def null_test(self, node: Any) -> Term:
        """See Context."""
        found = self.find(node.unnest()) if type(node.unnest()) is exp.Column else None
        return self.column_term(*found) if found else self.write(node)

    def column_term(self, source: Source, column: CatalogueColumn) -> Term:
        """The term of a found column; no rule about keys is applied here."""
        name = column.type.upper().partition("(")[0].strip()
        sql, kind = source.sql(column), _KINDS.get(name, Kind.OTHER)
        if name in _WIDE_NUMBERS:
            sql, kind = f"TRY_CAST({sql} AS DOUBLE)", Kind.DOUBLE
        return Term(
            sql,
            kind,
            private=source.is_private,
            exposes=frozenset({column.use}) if source.is_private else frozenset(),
            relations=frozenset({source.alias}),
            column=(source.alias, column.name),
        )

    def output_name(self, node: Any) -> Term:
        """An output name used as a value (`WHERE age > 5`): the expression it stands for."""
        name = node.name.lower()
        if name in self.expanding:
            raise refuse("alias-in-circle", node, name=node.name)
        if node.args.get("table") is not None or name not in self.aliases:
            raise refuse("unknown-column", node, name=node.name)
        return replace(self, expanding=self.expanding | {name}).write(self.aliases[name])

    def find(self, node: Any) -> Found | None:
        """The column of the catalogue that the caller's name means; None when only an output name can fit."""
        name, table = node.name.lower(), node.args.get("table")
        if type(node.this) is not exp.Identifier or node.args.get("db") or node.args.get("catalog"):
            raise refuse("unknown-column", node, name=node.name)
        candidates = [
            (source, source.table.columns[name])
            for source in self.sources
            if name in source.table.columns and (table is None or source.name == table.name.lower())
        ]
        group = self.merged.get(name, frozenset()) if table is None else frozenset()
        merged = [found for found in candidates if found[0].alias in group]
        candidates = merged[:1] + [found for found in candidates if found[0].alias not in group]
        if len(candidates) > 1:
            raise refuse("ambiguous-column", node, name=node.name)
        return candidates[0] if candidates else None


def is_aggregate(node: Any) -> bool:
    """Whether the node is an aggregate, with or without FILTER."""
    return isinstance(node, exp.AggFunc) or type(node) is exp.Filter


def has_aggregate(node: Any) -> bool:
    """Whether an aggregate stands anywhere inside."""
    return any(is_aggregate(part) for part in node.walk())
