"""Subqueries in conditions and values of generated questions, tied to the person of the row around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.relations.expressions import UNSUMMED, Expression, Use, Values
from tests.support.relations.relation import Relation


def _own(relation: Relation, alias: str, person: Any, row: Values, test: Expression | None) -> Iterator[Values]:
    """The records of `person` that meet `test`, which may look at the row around too."""
    for record in relation.records:
        if person is None or record.values["person_id"] != person:
            continue
        inside = {**row, **{f"{alias}.{name}": value for name, value in record.values.items()}}
        if test is None or test.value(inside):
            yield inside


def _where(alias: str, around: str, test: Expression | None) -> str:
    return f"where {alias}.person_id = {around}.person_id" + (f" and {test.sql}" if test else "")


def _around(around: str, alias: str, test: Expression | None) -> frozenset[str]:
    looked_at = test.reads if test else frozenset[str]()
    return frozenset({f"{around}.person_id"}) | {place for place in looked_at if place.partition(".")[0] != alias}


def exists(relation: Relation, alias: str, around: str, test: Expression | None, *, negated: bool) -> Expression:
    """`[NOT] EXISTS (SELECT 1 FROM relation WHERE same person AND test)`."""

    def holds(row: Values) -> bool:
        return any(True for _ in _own(relation, alias, row[f"{around}.person_id"], row, test)) is not negated

    sql = f"{'not ' if negated else ''}exists (select 1 from {relation.sql} as {alias} {_where(alias, around, test)})"
    return Expression(sql, "bool", holds, reads=_around(around, alias, test))


def is_in(relation: Relation, alias: str, around: str, test: Expression | None, *, negated: bool) -> Expression:
    """`person_id [NOT] IN (SELECT person_id FROM relation WHERE test)`; `test` looks at the relation only."""
    listed = set()
    for record in relation.records:
        inside = {f"{alias}.{name}": value for name, value in record.values.items()}
        if (test is None or test.value(inside)) and record.values["person_id"] is not None:
            listed.add(record.values["person_id"])

    def holds(row: Values) -> bool | None:
        person = row[f"{around}.person_id"]
        if person is None:  # also where the list is empty: that nobody is in it must not show
            return None
        return (person in listed) is not negated

    where = f" where {test.sql}" if test else ""
    words = "not in" if negated else "in"
    sql = f"({around}.person_id {words} (select {alias}.person_id from {relation.sql} as {alias}{where}))"
    return Expression(sql, "bool", holds, reads=frozenset({f"{around}.person_id"}))


def how_many(relation: Relation, alias: str, around: str, test: Expression | None) -> Expression:
    """`(SELECT count(*) FROM relation WHERE same person AND test)`."""

    def value(row: Values) -> int:
        return sum(1 for _ in _own(relation, alias, row[f"{around}.person_id"], row, test))

    sql = f"(select count(*) from {relation.sql} as {alias} {_where(alias, around, test)})"
    return Expression(sql, "int", value, Use.CODE, _around(around, alias, test))


def highest(relation: Relation, alias: str, around: str, operand: Expression, test: Expression | None) -> Expression:
    """`(SELECT max(operand) FROM relation WHERE same person AND test)`."""

    def value(row: Values) -> Any:
        own = _own(relation, alias, row[f"{around}.person_id"], row, test)
        return max((found for inside in own if (found := operand.value(inside)) is not None), default=None)

    sql = f"(select max({operand.sql}) from {relation.sql} as {alias} {_where(alias, around, test)})"
    use = UNSUMMED.get(operand.use, operand.use)
    return Expression(sql, operand.kind, value, use, _around(around, alias, test))


def among_reference(operand: Expression, relation: Relation, name: str, test: Expression, alias: str) -> Expression:
    """`operand IN (SELECT name FROM reference table WHERE test)`."""
    listed = set()
    for record in relation.records:
        if test.value({f"{alias}.{column}": value for column, value in record.values.items()}):
            listed.add(record.values[name])
    listed.discard(None)

    def holds(row: Values) -> bool | None:
        found = operand.value(row)
        return None if found is None and listed else found in listed

    sql = f"({operand.sql} in (select {alias}.{name} from {relation.sql} as {alias} where {test.sql}))"
    return Expression(sql, "bool", holds, reads=operand.reads)
