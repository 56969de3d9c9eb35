"""The context of expressions where nothing is to be protected: reference tables, published values, one person's rows.
Rows, aggregates and windows stand in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from governance.refusal import Refusal
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.plain_aggregates import write_plain_aggregate
from query_guard.policy.relations.states import with_state, worst_state
from query_guard.policy.relations.windows import Frame, write_window
from query_guard.policy.rows import Rows
from query_guard.policy.terms import Term
from query_guard.policy.walking import has_aggregate, has_subquery, is_aggregate


@dataclass(frozen=True)
class PlainRows(Rows):
    """`keys`: the SQL of the group keys, None for a query that neither groups nor aggregates. `windows`: whether
    windows may stand here (after SELECT and in QUALIFY). `plain`: the rows that an aggregate reads."""

    keys: frozenset[str] | None = None
    windows: bool = False
    plain: Rows | None = None

    def write(self, node: Any) -> Term:
        """See Context."""
        if self.keys is None or has_aggregate(node):
            return self._aggregate(node) if is_aggregate(node) else super().write(node)
        return self._key(node) or super().write(node)

    def window(self, node: Any) -> Term:
        """See Rows."""
        if not self.windows:
            return super().window(node)
        return write_window(node, Frame(self, self.write))

    def found_term(self, found: Any, node: Any) -> Term:
        """See Rows. Raises `not-grouped` for a column that is neither grouped nor inside an aggregate."""
        term = super().found_term(found, node)
        own = any(found.source is source for source in self.sources)
        if self.keys is not None and own and term.sql not in self.keys:
            raise refuse("not-grouped", node, name=node.name)
        return term if self.keys is None or not own else _of_group(term)

    def inside(self) -> Rows:
        """See Context: the rows, with no aggregate inside an aggregate."""
        if self.plain is None:
            return Rows(self.sources, self.nested, self.merged, self.aliases, self.outer, self.person, self.expanding)
        return replace(self.plain, expanding=self.expanding)

    def _aggregate(self, node: Any) -> Term:
        if self.keys is None:
            raise refuse("aggregate-misplaced", node)
        return write_plain_aggregate(node, self.inside())

    def _key(self, node: Any) -> Term | None:
        """The term of an expression that is a group key as a whole."""
        if not self.keys or has_subquery(node):
            return None
        try:
            term = self.inside().write(node)
        except Refusal:
            return None  # the writers will say what is wrong with it
        return _of_group(term) if term.sql in self.keys else None


def _of_group(term: Term) -> Term:
    """A group key: of the companions of the rows in the group the worst."""
    if not term.states:
        return term
    return with_state(term, f"max({worst_state(term.states)})")


def grouped_rows(rows: Rows, keys: frozenset[str] | None) -> PlainRows:
    """The context of a SELECT that groups `rows` by expressions of these texts; None if it does not group."""
    return PlainRows(
        rows.sources,
        rows.nested,
        rows.merged,
        rows.aliases,
        rows.outer,
        rows.person,
        keys=keys,
        plain=rows,
    )
