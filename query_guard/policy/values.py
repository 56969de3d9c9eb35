"""The context of expressions over published cells: SELECT, HAVING, QUALIFY and ORDER BY of a query about people.

The promise: what is written here reads group keys, protected columns, literals and other published values, and nothing
else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.expressions import Context, write_node
from query_guard.policy.measures.asking import ask
from query_guard.policy.measures.requests import Requests
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.column import Key
from query_guard.policy.relations.windows import Frame, write_window
from query_guard.policy.rows import Rows
from query_guard.policy.terms import Kind, Term, join_terms
from query_guard.policy.walking import has_aggregate, has_subquery, is_aggregate, is_subquery

_LITERALS = (exp.Literal, exp.Null, exp.Boolean)
_KEYS = {Key.PERSON: "person-key-use", Key.ROW: "row-key-use"}


@dataclass(frozen=True)
class Values(Context):
    """`keys` maps the SQL of each group key over rows to its column over values, in order; `nodes` holds those that the
    caller wrote as subqueries (which are not written twice to be compared)."""

    rows: Rows
    requests: Requests
    keys: Mapping[str, Term]
    aliases: Mapping[str, Any] = field(default_factory=dict)
    expanding: frozenset[str] = frozenset()
    levelled: bool = False
    nodes: tuple[tuple[Any, Term], ...] = ()

    def write(self, node: Any) -> Term:
        """See Context. A whole expression that is a group key becomes that key's column."""
        key = next((key for known, key in self.nodes if known == node), None)
        if key is not None:
            return key
        if is_subquery(node):
            return self.rows.nested.write_free(node, self, self.rows)
        if type(node) is exp.Window:
            return write_window(node, Frame(self, self.write))
        if type(node) is exp.Grouping:
            return self._grouping(node)
        if is_aggregate(node):
            return ask(self.requests, node)
        return self._as_key(node) or write_node(node, self)

    def inside(self) -> Context:
        """See Context."""
        return self.rows

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
        if found.is_key:
            raise refuse(_KEYS[found.column.key], node, name=node.name)
        raise refuse("not-grouped", node, name=node.name)

    def _as_key(self, node: Any) -> Term | None:
        """The column of the group key that this very expression is, whatever way its names are written."""
        if not self.keys or type(node) in _LITERALS or has_aggregate(node) or has_subquery(node):
            return None
        try:
            return self.keys.get(self.rows.write(node).sql)
        except Refusal:
            return None  # it is no expression over rows; the writers will say what is wrong with it

    def _grouping(self, node: Any) -> Term:
        """`grouping(a, b)`: which keys are left out of a row, as bits, the last argument's being 1."""
        if not self.levelled:
            raise refuse("construct-not-available", node, remedy="grouping() belongs to ROLLUP, CUBE or GROUPING SETS.")
        names = [term.sql for term in self.keys.values()]
        bits = []
        for part in reversed(node.expressions):
            key = self._as_key(part)
            if key is None:
                raise refuse("not-grouped", part, name=part.sql())
            bits.append(names.index(key.sql))
        tests = [f"(CASE WHEN (level & {1 << bit}) > 0 THEN {1 << place} ELSE 0 END)" for place, bit in enumerate(bits)]
        functions = ("&", "+") if len(tests) > 1 else ("&",)
        return join_terms(f"({' + '.join(tests)})", Kind.INTEGER, functions=functions)
