"""GROUP BY person_id inside a query: one row for each person (and further keys), still about people, nothing released.

Any aggregate over one person's records is allowed here; what leaves is judged where people are put together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from query_guard.policy.measures.arms import is_flag
from query_guard.policy.measures.distributions import PAIRS
from query_guard.policy.measures.quantity import Quantity, plain_quantity, read_quantity
from query_guard.policy.plan import Flow
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Written, written
from query_guard.policy.relations.clauses import Clauses
from query_guard.policy.relations.column import Key
from query_guard.policy.relations.compiled import Compiled
from query_guard.policy.relations.numbered_rows import with_numbers
from query_guard.policy.relations.ordering import group_sql
from query_guard.policy.relations.origin import Origin, write_from
from query_guard.policy.relations.person_rows import (
    Made,
    PersonRows,
    key_of,
    names_of,
    person_column,
    seen_outside,
    withheld_window,
)
from query_guard.policy.relations.plain_rows import PlainRows
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.sizes import size_of_keys
from query_guard.policy.relations.windows import Frame, write_window
from query_guard.policy.rows import check_given
from query_guard.policy.terms import Kind, Term, as_double, join_terms
from query_guard.policy.walking import has_aggregate, is_aggregate

#: Aggregates that a repeated row does not change.
_UNMOVED = (exp.Min, exp.Max, exp.LogicalOr, exp.LogicalAnd)
_COUNTS = (exp.Count, exp.CountIf)
PERSON = "person"  # stands for the relations that name the person
_LINEAR: dict[type[Any], str] = {exp.Sum: "sum", exp.Avg: "avg"}


@dataclass(frozen=True)
class PersonGroups(PlainRows):
    """The context of a group of one person's rows."""

    def window(self, node: Any) -> Term:
        """A window over the groups of one person."""
        if not self.windows:
            return super().window(node)
        if not any(self._is_key(part) for part in node.args.get("partition_by") or ()):
            return withheld_window(node, self)
        keys = tuple(Term(key, Kind.OTHER, private=True) for key in sorted(self.keys or ()) if key != self.person)
        return write_window(node, Frame(self, self._term, self.person, keys))

    def _is_key(self, node: Any) -> bool:
        found = self.bare_column(node)
        return found is not None and found.is_key

    def _term(self, node: Any) -> Term | None:
        found = self.bare_column(node)
        return None if found is not None and found.is_person else self.write(node)

    def quantity_of(self, node: Any) -> Quantity | None:
        """See Rows: counts of a person's records are tallies; sums, means and extremes of quantities are quantities."""
        if not is_aggregate(node):
            return None
        term = self.write(node)
        inside = node.this if type(node) is exp.Filter else node
        flags = type(inside) in (exp.Sum, exp.Min, exp.Max) and is_flag(inside.this, self.inside())
        if type(inside) in _COUNTS or flags:
            return plain_quantity(term, tally=True)
        quantity = read_quantity(inside.this, self.inside())
        if quantity.variants:
            raise refuse("measure-not-quantity", node, remedy="Sum the time by itself, not for each person first.")
        pair = type(inside) in PAIRS  # a slope is 1 for whoever a condition lets in: like a ratio
        if pair:
            read_quantity(inside.expression, self.inside())
        cased = quantity.cased or pair or type(node) is exp.Filter
        if not quantity.is_sum:
            return plain_quantity(term, tally=quantity.tally and type(inside) is not exp.Avg, cased=cased)
        leaves = tuple(_linear(node, leaf) for leaf in quantity.leaves)
        return Quantity(term, leaves, is_sum=True)


def _linear(node: Any, leaf: Term) -> Term:
    """The same sum or mean of one summand of its operand. Raises `measure-not-quantity` for other aggregates."""
    name = _LINEAR.get(type(node))
    if name is None:
        raise refuse("measure-not-quantity", node)
    double = as_double(leaf)
    return join_terms(f"{name}({double.sql})", Kind.DOUBLE, double, functions=(name,))


def groups_by_person(origin: Origin, clauses: Clauses) -> bool:
    """Whether a person key or the key of a person's records is among the group keys."""
    return any(key_of(key, origin.rows, origin) is not None for key in clauses.keys)


def compile_person_groups(origin: Origin, clauses: Clauses) -> Compiled:
    """One person's groups as a relation. Raises `grouping-sets-not-available` and the refusals of
    expressions."""
    if clauses.levelled:
        raise refuse("grouping-sets-not-available", clauses.node)
    keys = _keys(origin, clauses)
    rows = PersonRows(**origin.rows.__dict__)
    fields = {**origin.rows.__dict__, "keys": frozenset(key.sql for key in keys), "plain": rows}
    plain, selecting = PersonGroups(**fields), PersonGroups(**fields, windows=True)
    columns = [_column(clauses, number, selecting, origin, keys) for number in range(1, len(clauses.items) + 1)]
    columns = with_numbers(columns, clauses, plain)
    listed = ", ".join([*(text for made in columns for text in made.texts), f"{origin.person} AS person"])
    body = write_from(origin)
    group = f"GROUP BY {', '.join(dict.fromkeys([origin.person, *map(group_sql, keys)]))}"
    parts: list[Term | Written] = [body, *keys, *(made.term for made in columns)]
    sql = f"SELECT {listed} {body.sql} {group}"
    if clauses.having is not None:
        test = plain.deciding(clauses.having)
        parts.append(test)
        sql += f" HAVING {test.sql}"
    if clauses.qualify is not None:
        test = selecting.deciding(clauses.qualify)
        parts.append(test)
        sql = sql.replace(f"SELECT {listed} ", f"SELECT {listed}, {test.sql} AS kept ", 1)
        sql = f"SELECT {names_of(columns)} FROM ({sql}) AS windowed WHERE kept"
    alone = _only_person(origin, clauses)
    moved = not alone or not all(_is_unmoved(node) for item in clauses.items for node in _aggregates(item.node))
    relation = Relation(
        Flow.PRIVATE,
        "",
        {made.column.name.lower(): made.column for made in columns},
        person="person",
        one_per_person=alone,
        repeats=seen_outside(origin.repeats, columns) if moved else (),
        amplified=origin.amplified and moved,
        copied=origin.copied and moved,
        rows_of=origin.rows_of,
        left_out=origin.left_out,
        size=1 if alone else min(origin.size, size_of_keys(keys, origin.sources, origin.conjuncts)),
    )
    return Compiled(written(sql, *parts), relation)


def _only_person(origin: Origin, clauses: Clauses) -> bool:
    found = [key_of(key, origin.rows, origin) for key in clauses.keys]
    return all(one is not None and one[1].key is Key.PERSON for one in found)


def _keys(origin: Origin, clauses: Clauses) -> list[Term]:
    """The group keys; every person key is the row's person."""
    keys = []
    for node in clauses.keys:
        found = key_of(node, origin.rows, origin)
        if found is not None and found[1].key is Key.PERSON:
            keys.append(Term(origin.person, Kind.OTHER, private=True, relations=frozenset({PERSON})))
        else:
            keys.append(check_given(origin.rows.null_test(node), node))
    return keys


def _column(clauses: Clauses, number: int, rows: PersonGroups, origin: Origin, keys: list[Term]) -> Made:
    item = clauses.items[number - 1]
    made = person_column(item.name, item.node, rows, origin, number)
    if made.column.key is Key.PERSON:
        return Made(
            made.column, (f"{origin.person} AS c{number}",), Term(origin.person, made.column.kind, private=True)
        )
    if made.column.key is Key.ROW and made.term.sql not in {key.sql for key in keys}:
        raise refuse("not-grouped", item.node, name=item.name)
    return _with_mean_leaves(made) if made.column.leaves and not has_aggregate(item.node) else made


def _with_mean_leaves(made: Made) -> Made:
    """A group key `a + b` with the means of `a` and `b` over the group as its summands: they add up to it in every
    group, and are not grouped by themselves."""
    doubles = [as_double(leaf).sql for leaf in made.leaves]
    means = [f"avg({double}) AS {name}" for double, name in zip(doubles, made.column.leaves, strict=True)]
    functions = made.term.functions | {"avg"}
    return replace(made, texts=(made.texts[0], *means), term=replace(made.term, functions=functions))


def _aggregates(node: Any) -> list[Any]:
    return [part for part in node.walk() if is_aggregate(part) and type(part) is not exp.Filter]


def _is_unmoved(node: Any) -> bool:
    distinct = type(node) is exp.Count and type(node.this) is exp.Distinct
    return distinct or type(node) in _UNMOVED
