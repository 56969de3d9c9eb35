"""Conditions joined by AND, one by one: the equalities of person and row keys are taken out here, before the writers
(which refuse keys) see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.comparison import equal
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.source import Conjunct, Found
from query_guard.policy.rows import Rows, column_term
from query_guard.policy.terms import Kind, Term, join_terms
from query_guard.policy.walking import has_subquery


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
        if left and right and (left.is_key or right.is_key):
            return pair_columns(left, right, node, home)
    term = rows.deciding(node)
    ties = any(type(side) is exp.Column for side in sides) and not has_subquery(node)
    terms = [rows.write(side) for side in sides] if ties else []
    return Conjunct(term, node, home, keyed=_keyed(*terms) if terms else ())


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
    """The equality of two columns. Keys meet only keys of their own sort, in two different relations about people."""
    if not (left.is_key or right.is_key):
        one, two = column_term(left), column_term(right)
        return Conjunct(equal(one, two, node), node, home, keyed=_keyed(one, two))
    check_keys_meet(left, right, node)
    relations = frozenset({left.source.alias, right.source.alias})
    term = Term(key_equality(left, right), Kind.BOOLEAN, private=True, relations=relations)
    single = [found.source.alias for found in (right, left) if found.column.unique and not found.is_person]
    return Conjunct(
        term,
        node,
        home,
        link=(left.source.alias, right.source.alias),
        by_row=not left.is_person,
        looked_up=single[0] if single else "",
    )


def key_equality(left: Found, right: Found) -> str:
    """Two keys are equal; records' keys together with their persons (see the proof in `flow`)."""
    same = f"{left.sql} = {right.sql}"
    if left.is_person:
        return f"({same})"
    return f"({same} AND {left.source.person} = {right.source.person})"


def check_keys_meet(left: Found, right: Found, node: Any) -> None:
    """Raise `person-key-use` or `row-key-use` unless the two are keys of one sort in two relations about people."""
    same_sort = left.column.key is right.column.key
    if same_sort and left.source.is_private and right.source.is_private and left.source.alias != right.source.alias:
        return
    person = left.is_person or right.is_person
    name = left.column.name if left.is_key else right.column.name
    raise refuse("person-key-use" if person else "row-key-use", node, name=name)


def join_conditions(conditions: list[Conjunct]) -> Term:
    """All conditions as one term (TRUE when there are none)."""
    if not conditions:
        return Term("TRUE", Kind.BOOLEAN)
    parts = [condition.term for condition in conditions]
    return join_terms(" AND ".join(part.sql for part in parts), Kind.BOOLEAN, *parts)
