"""sum and avg of a quantity, plain or by case."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.measures.arms import Arm, read_arms
from query_guard.policy.measures.outcomes import Outcomes
from query_guard.policy.measures.quantity import finite, read_quantity
from query_guard.policy.measures.requests import Requests
from query_guard.policy.plan import Branch, Measure, Shape, Statistic
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Kind, Term, join_terms


def total(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    """sum(x)."""
    return _measure(requests, Measure.SUM, node, kept)


def mean(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    """avg(x)."""
    return _measure(requests, Measure.MEAN, node, kept)


def _measure(requests: Requests, measure: Measure, node: Any, kept: Term | None) -> Statistic:
    if type(node.this) is exp.Distinct:
        raise refuse("distinct-not-available", node)
    arms = read_arms(node.this, requests.rows)
    measured = [arm for arm in arms if not arm.is_fixed]
    if len(measured) > 1 or any(arm.constant for arm in arms if arm.is_fixed):
        raise refuse("measure-mixed", node)
    quantity = read_quantity(measured[0].result, requests.rows)
    if not quantity.leaves or quantity.scaled:
        raise refuse("measure-not-quantity", node)
    branches = _branches(requests, arms, kept) if len(arms) > 1 or kept is not None else ()
    prefix = requests.quantity(*_row_value(arms, kept, quantity.term))
    guards = (
        tuple(requests.quantity(*_row_value(arms, kept, leaf)) for leaf in quantity.leaves) if quantity.is_sum else ()
    )
    text = f"{measure.value} of {quantity.term.sql}"
    whole = quantity.tally and measure is Measure.SUM
    shape = Shape.WHOLE if whole else Shape.FIGURES
    return Statistic(
        "",
        measure,
        prefix,
        f"{prefix}_r",
        False,
        branches,
        guards,
        shape,
        tally=quantity.tally,
        cased=quantity.cased,
        text=text,
    )


def _branches(requests: Requests, arms: list[Arm], kept: Term | None) -> tuple[Branch, ...]:
    """The arms of a measure as outcomes. What a FILTER leaves out is an outcome of its own (number 0)."""
    outcomes = Outcomes(requests, arms, kept)
    found = [] if kept is None else [Branch(outcomes.prefix(0), counts=False)]
    return (*found, *(Branch(outcomes.prefix(n), counts=not arm.is_fixed) for n, arm in enumerate(arms, 1)))


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
