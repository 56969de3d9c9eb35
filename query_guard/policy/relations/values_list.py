"""`(VALUES (1, 'a'), (2, 'b')) AS v(x, y)`: a small reference table of the caller's own literals."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.expressions import write_node
from query_guard.policy.expressions.choices import one_kind
from query_guard.policy.expressions.context import Context
from query_guard.policy.plan import Flow
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Build, written
from query_guard.policy.relations.column import Column
from query_guard.policy.relations.relation import Relation
from query_guard.policy.terms import SQL_TYPES, Term

MOST_ROWS = 500


class Literals(Context):
    """Expressions without any name."""

    def write(self, node: Any) -> Term:
        """See Context."""
        return write_node(node, self)

    def column(self, node: Any) -> Term:
        """See Context: there are no columns here."""
        raise refuse("unknown-column", node, name=node.name)

    def null_test(self, node: Any) -> Term:
        """See Context."""
        return self.write(node)


def compile_values(build: Build, node: Any) -> Relation:
    """The relation of a VALUES list; each column in one kind. Raises `values-uneven`, `too-complex`."""
    context = Literals()
    rows = [_cells(entry) for entry in node.expressions]
    if len(rows) > MOST_ROWS:
        raise refuse("too-complex", "VALUES")
    if not rows or len({len(row) for row in rows}) != 1:
        raise refuse("values-uneven", node)
    columns = [one_kind([context.write(cell) for cell in column], node) for column in zip(*rows, strict=True)]
    texts = []
    for number in range(len(rows)):
        cells = ", ".join(
            f"CAST({terms[number].sql} AS {SQL_TYPES[kind]}) AS c{place}"
            for place, (terms, kind) in enumerate(columns, 1)
        )
        texts.append(f"SELECT {cells}")
    terms = [term for column, _ in columns for term in column]
    shown = {f"col{place}": Column(f"col{place}", f"c{place + 1}", kind) for place, (_, kind) in enumerate(columns)}
    relation = Relation(Flow.PUBLIC, "", shown, single_row=len(rows) == 1, size=len(rows))
    return build.define(written(" UNION ALL ".join(texts), *terms), relation)


def _cells(entry: Any) -> list[Any]:
    return list(entry.expressions) if type(entry) is exp.Tuple else [entry]
