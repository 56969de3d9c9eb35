"""The context of expressions over protected values: SELECT, HAVING and ORDER BY of a query about people.

The promise: what is written here reads group keys, protected columns and literals, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from governance.refusal import Refusal
from query_guard.policy.expressions import NAMED_WRITERS, WRITERS, Context
from query_guard.policy.measures.requests import Requests
from query_guard.policy.refusing import refuse
from query_guard.policy.rows import Rows, has_aggregate, is_aggregate
from query_guard.policy.terms import Term

_LITERALS = (exp.Literal, exp.Null, exp.Boolean)


@dataclass(frozen=True)
class Values(Context):
    """`keys` maps the SQL of each group key over rows to its column over values."""

    rows: Rows
    requests: Requests
    keys: Mapping[str, Term]
    aliases: Mapping[str, Any] = field(default_factory=dict)
    expanding: frozenset[str] = frozenset()

    def write(self, node: Any) -> Term:
        """See Context. A whole expression that is a group key becomes that key's column."""
        if is_aggregate(node):
            return self.requests.ask(node)
        key = self._as_key(node)
        if key is not None:
            return key
        writer = WRITERS.get(type(node))
        if writer is None and type(node) is exp.Anonymous:
            writer = NAMED_WRITERS.get(str(node.this).lower())
        if writer is None:
            raise refuse("construct-not-available", node)
        return writer(node, self)

    def null_test(self, node: Any) -> Term:
        """See Context: over values there are no keys of people to be careful about."""
        return self.write(node)

    def column(self, node: Any) -> Term:
        """A name that is no group key: an output name, or a column that is not grouped."""
        name = node.name.lower()
        found = self.rows.find(node)
        if node.args.get("table") is None and name in self.aliases and name not in self.expanding:
            return replace(self, expanding=self.expanding | {name}).write(self.aliases[name])
        if found is None:
            raise refuse("alias-in-circle" if name in self.expanding else "unknown-column", node, name=node.name)
        if found[0].is_private and found[1].use is ColumnUse.PERSON:
            raise refuse("person-key-use", node)
        if found[0].is_private and found[1].use is ColumnUse.KEY:
            raise refuse("row-key-use", node, name=node.name)
        raise refuse("not-grouped", node, name=node.name)

    def _as_key(self, node: Any) -> Term | None:
        """The column of the group key that this very expression is, whatever way its names are written."""
        if not self.keys or type(node) in _LITERALS or has_aggregate(node):
            return None
        try:
            return self.keys.get(self.rows.write(node).sql)
        except Refusal:
            return None  # it is no expression over rows; the writers will say what is wrong with it
