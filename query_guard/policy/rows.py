"""The context of expressions over rows: what a name means in ON, WHERE, GROUP BY, FILTER and inside aggregates.

The promise: a name becomes a column only by being found among the relations of FROM (whose names come from the
catalogue) or of the queries around; a column that is forbidden and one that does not exist are told apart by nobody.
Person and row keys come out of here only through the few doors that ask for them by name.

Names are looked up here, where they are written into the new text, and not by sqlglot's `qualify`: what it leaves over
(whole rows, COLUMNS, positions) would have to be found and refused afterwards, and its order of precedence between
columns and output names is not DuckDB's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from query_guard.policy.expressions import Context, write_node
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.column import Key
from query_guard.policy.relations.source import Found, JoinKind, Source
from query_guard.policy.terms import TIMES, Kind, Term, hide_detail, join_terms
from query_guard.policy.walking import is_aggregate, is_subquery

if TYPE_CHECKING:
    from query_guard.policy.measures.quantity import Quantity
    from query_guard.policy.relations.nested import Nested

_KEYS = {Key.PERSON: "person-key-use", Key.ROW: "row-key-use"}


@dataclass(frozen=True)
class Rows(Context):
    """Names are looked up among `sources`, then in the query around (`outer`), then among the output names
    (`aliases`), as DuckDB does.

    Attributes: merged: column of USING -> aliases that share its bare name. person: SQL of each row's person, empty
        for rows about nobody. nested: compiles subqueries. expanding: output names being written out.
    """

    sources: tuple[Source, ...]
    nested: Nested
    merged: Mapping[str, frozenset[str]] = field(default_factory=dict)
    aliases: Mapping[str, Any] = field(default_factory=dict)
    outer: Rows | None = None
    person: str = ""
    expanding: frozenset[str] = frozenset()

    def write(self, node: Any) -> Term:
        """See Context."""
        if is_subquery(node):
            return self.nested.write(node, self)
        if type(node) is exp.Window:
            return self.window(node)
        if is_aggregate(node):
            raise refuse("aggregate-misplaced", node)
        return self._somebody(node) or write_node(node, self)

    def _somebody(self, node: Any) -> Term | None:
        """`person_id <> 0`: in OMOP 0 stands for nobody, and nobody's pseudonym is 0, so it asks whether there is a
        person, as IS NOT NULL does."""
        if type(node) not in (exp.NEQ, exp.GT) or node.expression.unnest() != exp.Literal.number(0):
            return None
        found = self.bare_column(node.this)
        if found is None or not found.is_person:
            return None
        return hide_detail(join_terms(f"({found.sql} IS NOT NULL)", Kind.BOOLEAN, column_term(found)))

    def window(self, node: Any) -> Term:
        """A window stands after SELECT and in QUALIFY only; there its own context writes it."""
        raise refuse("window-misplaced", node)

    def column(self, node: Any) -> Term:
        """See Context. Raises `person-key-use` and `row-key-use` for keys."""
        found = self.find(node)
        if found is None:
            return self.output_name(node)
        if found.is_key:
            raise refuse(_KEYS[found.column.key], node, name=found.column.name)
        return self.found_term(found, node)

    def null_test(self, node: Any) -> Term:
        """See Context."""
        found = self.bare_column(node)
        return column_term(found) if found else self.write(node)

    def bare_column(self, node: Any) -> Found | None:
        """The column that a node is, brackets aside; None for anything else."""
        node = node.unnest()
        return self.find(node) if type(node) is exp.Column else None

    def found_term(self, found: Found, node: Any) -> Term:
        """The term of a found column; after FULL JOIN ... USING the first of the merged columns that is there."""
        group = self.merged.get(node.name.lower(), frozenset()) if node.args.get("table") is None else frozenset()
        sharing = [source for source in self.sources if source.alias in group]
        if not any(source.join is JoinKind.FULL for source in sharing):
            return column_term(found)
        parts = [column_term(Found(source, source.relation.columns[node.name.lower()])) for source in sharing]
        return join_terms(f"COALESCE({', '.join(part.sql for part in parts)})", parts[0].kind, *parts)

    def deciding(self, node: Any) -> Term:
        """A condition that decides which rows there are. Raises the refusal of what is withheld in it."""
        return check_given(self.condition(node), node)

    def output_name(self, node: Any) -> Term:
        """An output name used as a value (`WHERE age > 5`): the expression it stands for."""
        name = node.name.lower()
        if name in self.expanding:
            raise refuse("alias-in-circle", node, name=node.name)
        if node.args.get("table") is not None or name not in self.aliases:
            raise refuse("unknown-column", node, name=node.name)
        return replace(self, expanding=self.expanding | {name}).write(self.aliases[name])

    def find(self, node: Any) -> Found | None:
        """The column that the caller's name means; None when only an output name can fit."""
        if type(node.this) is not exp.Identifier or node.args.get("db") or node.args.get("catalog"):
            raise refuse("unknown-column", node, name=node.name)
        context: Rows | None = self
        while context is not None:
            found = context.find_here(node)
            if found is not None:
                return found
            context = context.outer
        return None

    def find_here(self, node: Any) -> Found | None:
        """The same among this query's own relations. Raises `ambiguous-column`."""
        name, table = node.name.lower(), node.args.get("table")
        candidates = [
            Found(source, source.relation.columns[name])
            for source in self.sources
            if name in source.relation.columns and (table is None or source.name == table.name.lower())
        ]
        group = self.merged.get(name, frozenset()) if table is None else frozenset()
        merged = [found for found in candidates if found.source.alias in group]
        candidates = merged[:1] + [found for found in candidates if found.source.alias not in group]
        if len(candidates) > 1:
            raise refuse("ambiguous-column", node, name=node.name)
        return candidates[0] if candidates else None

    def quantity_of(self, node: Any) -> Quantity | None:
        """The quantity that an aggregate or a window is at this place, where such may be summed further out; None
        for any other node."""
        del node
        return None

    def around(self) -> Iterator[Rows]:
        """The contexts of the queries around this one, nearest first."""
        context = self.outer
        while context is not None:
            yield context
            context = context.outer


def column_term(found: Found) -> Term:
    """The term of a found column; no rule about keys is applied here."""
    column, source = found.column, found.source
    sql = f"TRY_CAST({found.sql} AS DOUBLE)" if column.wide else found.sql
    return Term(
        sql,
        column.kind,
        private=source.is_private and not found.is_fixed,
        exposes=column.exposes if source.is_private else frozenset(),
        relations=frozenset({source.alias}),
        states=frozenset({f"{source.alias}.{column.state}"} if column.state else ()),
        notes=column.notes,
        withheld=column.withheld,
        column=(source.alias, column.sql),
        looked_up=not source.is_private or (column.cased and column.kind in TIMES),
        banded=column.banded,
    )


def check_given(term: Term, node: Any) -> Term:
    """The term, unless its value is one that is never given: then rows cannot be chosen, grouped or joined by it."""
    if term.withheld:
        raise refuse(min(term.withheld), node)
    return term
