"""sum and avg of a quantity, plain or by case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.arithmetic import divide
from query_guard.policy.measures.arms import Arm, read_arms
from query_guard.policy.measures.lines import moved, stretched
from query_guard.policy.measures.quantity import Quantity, finite, read_quantity
from query_guard.policy.measures.requests import Requests
from query_guard.policy.plan import Measure, Shape, Statistic
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term, join_terms


def total(requests: Requests, node: Any, kept: Term | None) -> Term:
    """sum(x)."""
    return _sum(_read(requests, node, kept), node)


def mean(requests: Requests, node: Any, kept: Term | None) -> Term:
    """avg(x). Where an arm of a CASE is 0, it is the sum of the others by the count of rows."""
    made = _read(requests, node, kept)
    if made.has_zeros:
        return divide(_sum(made, node), made.rows_of_all_arms(), node)
    return moved(stretched(made.column(Measure.MEAN), made.scale, node), made.shift, node)


def _sum(made: _Made, node: Any) -> Term:
    whole = stretched(made.column(Measure.SUM), made.scale, node)
    return moved(whole, stretched(made.rows_with_value(), made.shift, node), node) if made.shift else whole


class _Made:
    """A quantity in its arm of a CASE and behind its FILTER, and the columns to be made of it."""

    def __init__(self, requests: Requests, node: Any, arms: list[Arm], kept: Term | None, quantity: Quantity) -> None:
        self._requests = requests
        self._arms = arms
        self._kept = kept
        self._quantity = quantity
        self._core = quantity.term
        self._guards = quantity.leaves if quantity.is_sum else ()
        self.scale: float = 1
        self.shift: float = 0
        self._origin: float = 0
        if quantity.is_line and not quantity.tally:
            self._read_line(node, quantity)
        self.has_zeros = any(arm.is_fixed and arm.constant is not None for arm in arms)

    def _read_line(self, node: Any, quantity: Quantity) -> None:
        """The leaf is measured from where the catalogue says that its values begin: a mean has three figures, and those
        of a year would be worth nothing."""
        self.scale, self.shift, self._origin = quantity.scale or 1, quantity.shift, quantity.origin
        self._core, self._guards = quantity.leaves[0], ()
        if quantity.origin:
            self._core = moved(self._core, -quantity.origin, node)

    def column(self, measure: Measure) -> Term:
        """The published sum or mean of the rows in the arm; its whole is that of all rows."""
        prefix, whole = self._family(self._core, self._in_arm), ""
        if len(self._arms) > 1 or self._kept is not None:
            whole = self._family(self._core, finite)
        quantity = self._quantity
        shape = Shape.WHOLE if quantity.tally and measure is Measure.SUM else Shape.FIGURES
        return self._requests.column(
            Statistic(
                "",
                measure,
                prefix,
                whole,
                tuple(self._family(variant, self._in_arm) for variant in quantity.variants),
                tuple(self._family(leaf, self._in_arm) for leaf in self._guards),
                shape,
                tally=quantity.tally,
                cased=quantity.cased,
                origin=self._origin,
                text=f"{measure.value} of {self._core.sql}",
            )
        )

    def rows_with_value(self) -> Term:
        """The published count of rows that have the quantity."""
        return self._count(self._in_arm)

    def rows_of_all_arms(self) -> Term:
        """The published count of rows that have it or fall into an arm of 0."""
        return self._count(lambda term: self._by_case(finite(term), "0e0"))

    def _in_arm(self, term: Term) -> str:
        return self._by_case(finite(term), "NULL")

    def _by_case(self, value: str, zero: str) -> str:
        """The row's number: `value` in the quantity's arm, `zero` in arms of 0, else NULL."""
        tests = [arm.test for arm in self._arms if arm.test is not None]
        results = [value if not arm.is_fixed else "NULL" if arm.constant is None else zero for arm in self._arms]
        sql = results[-1]
        if tests:
            listed = " ".join(f"WHEN {test.sql} THEN {result}" for test, result in zip(tests, results, strict=False))
            sql = f"CASE {listed} ELSE {sql} END"
        return f"CASE WHEN {self._kept.sql} THEN {sql} END" if self._kept is not None else sql

    def _family(self, term: Term, write: Callable[[Term], str]) -> str:
        return self._requests.quantity(self._term(term, write), tally=self._quantity.tally, cased=self._quantity.cased)

    def _count(self, write: Callable[[Term], str]) -> Term:
        value = self._term(self._quantity.term, write)
        there = join_terms(f"({value.sql} IS NOT NULL)", Kind.BOOLEAN, value)
        return self._requests.column(self._requests.rows_of(self._requests.condition(there), f"rows where {there.sql}"))

    def _term(self, term: Term, write: Callable[[Term], str]) -> Term:
        sql = write(term)
        parts = [term] if write is finite else [term, *(arm.test for arm in self._arms if arm.test is not None)]
        parts += [self._kept] if self._kept is not None and write is not finite else []
        return join_terms(sql, Kind.DOUBLE, *parts, functions=("isfinite",) if "isfinite(" in sql else ())


def _read(requests: Requests, node: Any, kept: Term | None) -> _Made:
    if type(node.this) is exp.Distinct:
        raise refuse("distinct-not-available", node)
    arms = read_arms(node.this, requests.rows)
    measured = [arm for arm in arms if not arm.is_fixed]
    if len(measured) > 1 or any(arm.constant for arm in arms if arm.is_fixed):
        raise refuse("measure-mixed", node)
    quantity = read_quantity(measured[0].result, requests.rows)
    if not quantity.leaves or quantity.scaled:
        raise refuse("measure-not-quantity", node)
    return _Made(requests, node, arms, kept, quantity)
