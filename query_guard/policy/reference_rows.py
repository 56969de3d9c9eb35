"""The context of a query about reference tables only: rows and aggregates in one place, nothing to protect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.refusing import refuse
from query_guard.policy.rows import Rows, has_aggregate, is_aggregate
from query_guard.policy.terms import NUMBERS, Kind, Term, as_double, call, join_terms


@dataclass(frozen=True)
class ReferenceRows(Rows):
    """Rows whose aggregates are written as they stand, over the allow-listed functions all the same.

    `keys` holds the SQL of the group keys; None for a query that neither groups nor aggregates.
    """

    keys: frozenset[str] | None = None

    def write(self, node: Any) -> Term:
        """See Context."""
        if not is_aggregate(node):
            return self._grouped(node) or super().write(node)
        kept = None
        if type(node) is exp.Filter:
            kept, node = self._plain().condition(node.expression.this), node.this
        term = self._aggregate(node)
        if kept is None:
            return term
        return join_terms(f"{term.sql} FILTER (WHERE {kept.sql})", term.kind, term, kept)

    def column(self, node: Any) -> Term:
        """See Context. Raises `not-grouped` for a column that is neither grouped nor inside an aggregate."""
        term = super().column(node)
        if self.keys is not None and term.column is not None and term.sql not in self.keys:
            raise refuse("not-grouped", node, name=node.name)
        return term

    def _grouped(self, node: Any) -> Term | None:
        """The term of an expression that is a group key as a whole."""
        if not self.keys or has_aggregate(node):
            return None
        try:
            term = self._plain().write(node)
        except Refusal:
            return None  # the writers will say what is wrong with it
        return term if term.sql in self.keys else None

    def _plain(self) -> Rows:
        """The rows an aggregate reads: no aggregate inside an aggregate."""
        return Rows(self.sources, self.merged, self.aliases, self.expanding)

    def _aggregate(self, node: Any) -> Term:
        rows = self._plain()
        if type(node) is exp.Count:
            return self._count(node, rows)
        if type(node) is exp.CountIf:
            test = rows.condition(node.this)
            return join_terms(f"count(*) FILTER (WHERE {test.sql})", Kind.INTEGER, test, functions=("count_star",))
        if type(node) in (exp.Min, exp.Max):
            value = rows.write(node.this)
            return call("min" if type(node) is exp.Min else "max", value.kind, value)
        if type(node) not in (exp.Sum, exp.Avg):
            raise refuse("aggregate-not-available", node, name=type(node).__name__.lower())
        value = rows.write(node.this)
        if value.kind not in NUMBERS:
            raise refuse("type-mismatch", node)
        return call("sum" if type(node) is exp.Sum else "avg", Kind.DOUBLE, as_double(value))

    @staticmethod
    def _count(node: Any, rows: Rows) -> Term:
        argument = node.this
        if argument is None or type(argument) is exp.Star:
            return Term("count(*)", Kind.INTEGER, functions=frozenset({"count_star"}))
        if type(argument) is not exp.Distinct:
            return call("count", Kind.INTEGER, rows.write(argument))
        if len(argument.expressions) != 1:
            raise refuse("distinct-not-available", node)
        value = rows.write(argument.expressions[0])
        return join_terms(f"count(DISTINCT {value.sql})", Kind.INTEGER, value, functions=("count",))
