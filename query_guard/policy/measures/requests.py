"""Aggregates as requests: each one the caller writes becomes a protected column and the hidden columns that judge it.

The same aggregate asked twice is one column; the same condition or quantity in two aggregates is computed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from governance.catalogue import CatalogueColumn, ColumnUse
from query_guard.policy.draft import JoinKind, Source
from query_guard.policy.measures import families
from query_guard.policy.measures.arms import Arm, number_arms, read_arms
from query_guard.policy.measures.families import Family
from query_guard.policy.measures.quantity import Quantity, finite, read_quantity
from query_guard.policy.plan import Branch, Measure, Statistic
from query_guard.policy.refusing import refuse
from query_guard.policy.rows import Rows
from query_guard.policy.terms import Kind, Term, join_terms


@dataclass
class Requests:
    """Collects the statistics of one query, in the order in which they are asked."""

    rows: Rows
    repeats: tuple[str, ...] = ()
    statistics: dict[Statistic, Statistic] = field(default_factory=dict)  # without name -> with name
    families: dict[tuple[str, str], tuple[str, Family]] = field(default_factory=dict)  # (kind, SQL) -> (prefix, family)
    functions: set[str] = field(default_factory=set)

    def ask(self, node: Any) -> Term:
        """The protected column of an aggregate. Raises `aggregate-not-available`, `measure-...` and the refusals of
        terms."""
        kept = None
        if type(node) is exp.Filter:
            kept, node = self.rows.condition(node.expression.this), node.this
        reader = _READERS.get(type(node))
        if reader is None:
            raise refuse("aggregate-not-available", node, name=type(node).__name__.lower())
        wanted = reader(self, node, kept)
        known = self.statistics.setdefault(wanted, replace(wanted, name=f"a{len(self.statistics) + 1}"))
        kind = Kind.INTEGER if known.whole else Kind.DOUBLE
        return Term(known.name, kind, statistics=frozenset({known.name}))

    def family(self, kind: str, term: Term, build: Callable[[str], Family]) -> str:
        """The prefix of the family that computes `term`, made at the first asking."""
        letter = kind[0]
        known = self.families.get((kind, term.sql))
        if known is None:
            number = 1 + sum(prefix.startswith(letter) for prefix, _ in self.families.values())
            known = (f"{letter}{number}", build(f"{letter}{number}"))
            self.families[(kind, term.sql)] = known
            self.functions |= term.functions | known[1].functions
        return known[0]

    def condition(self, test: Term) -> str:
        """The family of rows that meet a condition."""
        return self.family("condition", test, lambda name: families.condition(name, name, test.sql))

    def quantity(self, sql: str, term: Term) -> str:
        """The family of a measured quantity whose row expression is `sql`."""
        return self.family("measure", replace(term, sql=sql), lambda name: families.quantity(name, sql))


def _count(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    argument = node.this
    if type(argument) is exp.Distinct:
        return _count_distinct(requests, argument, kept)
    counts_rows = argument is None or type(argument) in (exp.Star, exp.Literal)
    return _rows(requests, kept if counts_rows else _both(kept, _present(requests, argument)))


def _count_if(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    return _rows(requests, _both(kept, requests.rows.condition(node.this)))


def _rows(requests: Requests, test: Term | None) -> Statistic:
    prefix = "n" if test is None else requests.condition(test)
    text = "rows" if test is None else f"rows where {test.sql}"
    repeats = requests.repeats
    return Statistic("", Measure.ROWS, prefix, conditional=test is not None, repeats=repeats, text=text)


def _present(requests: Requests, node: Any) -> Term | None:
    """The condition that a value is there; None where the person key is always there."""
    found = requests.rows.find(node.unnest()) if type(node.unnest()) is exp.Column else None
    if found is not None and _is_person(found) and found[0].join is not JoinKind.LEFT:
        return None
    term = requests.rows.null_test(node)
    return join_terms(f"({term.sql} IS NOT NULL)", Kind.BOOLEAN, term)


def _is_person(found: tuple[Source, CatalogueColumn]) -> bool:
    return found[0].is_private and found[1].use is ColumnUse.PERSON


def _both(one: Term | None, other: Term | None) -> Term | None:
    if one is None or other is None:
        return one or other
    return join_terms(f"({one.sql} AND {other.sql})", Kind.BOOLEAN, one, other)


def _count_distinct(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    if len(node.expressions) != 1:
        raise refuse("distinct-not-available", node)
    value, kept = _unwrap_case(requests, node.expressions[0].unnest(), kept)
    found = requests.rows.find(value) if type(value) is exp.Column else None
    if found is not None and _is_person(found):
        test = _both(kept, _present(requests, value))
        prefix = "n" if test is None else requests.condition(test)
        text = "people" if test is None else f"people with a row where {test.sql}"
        return Statistic("", Measure.PEOPLE, prefix, conditional=test is not None, text=text)
    term = requests.rows.null_test(value)
    if kept is not None:
        term = join_terms(f"CASE WHEN {kept.sql} THEN {term.sql} END", term.kind, kept, term)
    prefix = requests.family("distinct", term, lambda name: families.distinct(name, term.sql))
    return Statistic("", Measure.DISTINCT, prefix, text=f"different values of {term.sql}")


def _unwrap_case(requests: Requests, value: Any, kept: Term | None) -> tuple[Any, Term | None]:
    """`count(distinct case when test then person_id end)` counts people with a row that meets the test."""
    if type(value) not in (exp.Case, exp.If):
        return value, kept
    first, *others = read_arms(value, requests.rows)
    if (
        len(others) != 1
        or type(others[0].result.unnest()) is not exp.Null
        or type(first.result.unnest()) is not exp.Column
    ):
        return value, kept
    return first.result.unnest(), _both(kept, first.test)


def _sum(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    return _measure(requests, Measure.SUM, node, kept)


def _mean(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    return _measure(requests, Measure.MEAN, node, kept)


def _measure(requests: Requests, measure: Measure, node: Any, kept: Term | None) -> Statistic:
    if type(node.this) is exp.Distinct:
        raise refuse("distinct-not-available", node)
    arms = read_arms(node.this, requests.rows)
    measured = [arm for arm in arms if not arm.is_fixed]
    if not measured:
        return _fixed(requests, measure, arms, kept)
    if len(measured) > 1 or any(arm.constant for arm in arms if arm.is_fixed):
        raise refuse("measure-mixed", node)
    quantity = read_quantity(measured[0].result, requests.rows)
    if not quantity.leaves:
        raise refuse("measure-not-quantity", node)
    branches = _branches(requests, arms, kept) if len(arms) > 1 or kept is not None else ()
    prefix = requests.quantity(*_row_value(arms, kept, quantity.term))
    guards = (
        tuple(requests.quantity(*_row_value(arms, kept, leaf)) for leaf in quantity.leaves) if quantity.is_sum else ()
    )
    text = f"{measure.value} of {quantity.term.sql}"
    return Statistic("", measure, prefix, False, branches, guards, False, requests.repeats, text)


def _fixed(requests: Requests, measure: Measure, arms: list[Arm], kept: Term | None) -> Statistic:
    """A CASE with only fixed numbers: a combination of counts, released as the combination of protected counts."""
    whole = measure is Measure.SUM and not any(isinstance(arm.constant, float) for arm in arms)
    if len(arms) == 1 and kept is None:
        branches: tuple[Branch, ...] = (Branch("n", arms[0].constant),)
    else:
        branches = _branches(requests, arms, kept)
    text = f"{measure.value} of fixed numbers by case"
    return Statistic("", measure, "", False, branches, (), whole, requests.repeats, text)


def _branches(requests: Requests, arms: list[Arm], kept: Term | None) -> tuple[Branch, ...]:
    """The arms as families of conditions over the arm's number. What a FILTER leaves out is an arm of its own (0)."""
    chosen = number_arms(arms, kept)
    numbered = requests.family("branch", chosen, lambda name: Family(rows=((name, chosen.sql),)))
    found = [] if kept is None else [Branch(_branch_family(requests, numbered, 0), None)]
    for number, arm in enumerate(arms, 1):
        prefix = _branch_family(requests, numbered, number)
        value = None if arm.constant is None else float(arm.constant)
        found.append(Branch(prefix, value, quantity=not arm.is_fixed))
    return tuple(found)


def _branch_family(requests: Requests, numbered: str, number: int) -> str:
    test = Term(f"{numbered} = {number}", Kind.BOOLEAN)
    return requests.family("outcome", test, lambda name: families.condition(name, test.sql))


def _row_value(arms: list[Arm], kept: Term | None, term: Term) -> tuple[str, Term]:
    """The row's number: the quantity in its arm, 0 or NULL in the others, NULL where the FILTER fails."""
    tests = [arm.test for arm in arms if arm.test is not None]
    results = [finite(term) if not arm.is_fixed else "NULL" if arm.constant is None else "0e0" for arm in arms]
    if tests:
        listed = " ".join(f"WHEN {test.sql} THEN {result}" for test, result in zip(tests, results, strict=False))
        sql = f"CASE {listed} ELSE {results[-1]} END"
    else:
        sql = results[-1]
    if kept is not None:
        sql = f"CASE WHEN {kept.sql} THEN {sql} END"
    functions = ("isfinite",) if "isfinite(" in sql else ()
    return sql, join_terms(sql, Kind.DOUBLE, term, *tests, *([kept] if kept else []), functions=functions)


_READERS: dict[type[Any], Callable[[Requests, Any, Term | None], Statistic]] = {
    exp.Count: _count,
    exp.CountIf: _count_if,
    exp.Sum: _sum,
    exp.Avg: _mean,
}

__all__ = ["Quantity", "Requests"]
