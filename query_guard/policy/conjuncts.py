"""Conditions joined by AND, one by one: the equalities of person and row keys are taken out here, before the
writers (which refuse keys) see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from query_guard.policy.draft import Conjunct
from query_guard.policy.expressions.comparison import equal
from query_guard.policy.refusing import refuse
from query_guard.policy.rows import Found, Rows
from query_guard.policy.terms import Kind, Term, join_terms

_KEY_USES = (ColumnUse.PERSON, ColumnUse.KEY)


def read_conjuncts(node: Any, rows: Rows, home: str) -> Iterator[Conjunct]:
    """The conditions of an AND chain, outermost brackets removed."""
    node = node.unnest()
    if type(node) is exp.And:
        for part in node.flatten():
            yield from read_conjuncts(part, rows, home)
    else:
        yield _read_conjunct(node, rows, home)


def _read_conjunct(node: Any, rows: Rows, home: str) -> Conjunct:
    sides = (node.this.unnest(), node.expression.unnest()) if type(node) is exp.EQ else ()
    if sides and all(type(side) is exp.Column for side in sides):
        left, right = rows.find(sides[0]), rows.find(sides[1])
        if left and right and (_is_key(left) or _is_key(right)):
            return pair_columns(left, right, node, home)
    term = rows.condition(node)
    written = [rows.write(side) for side in sides]
    return Conjunct(term, node, home, keyed=_keyed(*written) if written else ())


def _is_key(found: Found) -> bool:
    return found[0].is_private and found[1].use in _KEY_USES


def _keyed(left: Term, right: Term) -> tuple[tuple[str, str, frozenset[str]], ...]:
    """Each side that is a bare column: its alias, its SQL, and the relations that the other side reads.

    Only between values of one kind: BIGINT = DOUBLE compares as DOUBLE, where different keys can be equal.
    """
    return tuple(
        (side.column[0], side.sql, other.relations)
        for side, other in ((left, right), (right, left))
        if side.column is not None and side.column[0] not in other.relations and other.relations
        if side.kind is other.kind
    )


def pair_columns(left: Found, right: Found, node: Any, home: str) -> Conjunct:
    """The equality of two columns. Keys meet only keys of their own use, in two different tables about people."""
    if not (_is_key(left) or _is_key(right)):
        return _plain_pair(left, right, node, home)
    (one, column), (two, other) = left, right
    if column.use is not other.use or not (one.is_private and two.is_private) or one.alias == two.alias:
        person = ColumnUse.PERSON in (column.use if one.is_private else None, other.use if two.is_private else None)
        raise refuse(
            "person-key-use" if person else "row-key-use", node, name=column.name if _is_key(left) else other.name
        )
    relations = frozenset({one.alias, two.alias})
    term = Term(f"({one.sql(column)} = {two.sql(other)})", Kind.BOOLEAN, private=True, relations=relations)
    link = (one.alias, two.alias) if column.use is ColumnUse.PERSON else None
    return Conjunct(term, node, home, person_link=link)


def _plain_pair(left: Found, right: Found, node: Any, home: str) -> Conjunct:
    rows = Rows(())
    one, two = rows.column_term(*left), rows.column_term(*right)
    return Conjunct(equal(one, two, node), node, home, keyed=_keyed(one, two))


def join_conditions(conditions: list[Conjunct]) -> Term:
    """All conditions as one term (TRUE when there are none)."""
    if not conditions:
        return Term("TRUE", Kind.BOOLEAN)
    parts = [condition.term for condition in conditions]
    return join_terms(" AND ".join(part.sql for part in parts), Kind.BOOLEAN, *parts)
