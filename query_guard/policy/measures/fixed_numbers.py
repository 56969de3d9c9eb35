"""sum and avg of fixed numbers by case: combinations of counts, computed from the published counts.

`sum(case when a then 1 else 0 end)` is the count of a, and `avg` of it that count by the count of rows: they are given
as just these, so that a count has one value however it is asked for.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.arithmetic import combine, divide
from query_guard.policy.measures.arms import Arm, read_arms
from query_guard.policy.measures.outcomes import Outcomes
from query_guard.policy.measures.requests import Requests
from query_guard.policy.terms import Kind, Term, number


def read_fixed(requests: Requests, node: Any) -> list[Arm] | None:
    """The arms of a sum or mean that holds fixed numbers only; None for any other aggregate."""
    if type(node) not in (exp.Sum, exp.Avg) or type(node.this) is exp.Distinct:
        return None
    arms = read_arms(node.this, requests.rows)
    return arms if all(arm.is_fixed for arm in arms) else None


def combine_counts(requests: Requests, node: Any, arms: list[Arm], kept: Term | None) -> Term:
    """The aggregate as an expression over protected counts."""
    counts = _Counts(requests, arms, kept)
    parts = [
        combine(exp.Mul, _literal(arm), counts.of_arm(place), node) for place, arm in enumerate(arms, 1) if arm.constant
    ]
    whole = reduce(lambda one, other: combine(exp.Add, one, other, node), parts) if parts else None
    if whole is None:
        whole = combine(exp.Mul, Term("0", Kind.INTEGER, literal=0), counts.of_present(), node)
    return whole if type(node) is exp.Sum else divide(whole, counts.of_present(), node)


def _literal(arm: Arm) -> Term:
    value = arm.constant
    return number(value) if isinstance(value, float) else Term(f"({value})", Kind.INTEGER, literal=value)


class _Counts:
    """The protected counts of the outcomes, each asked for once."""

    def __init__(self, requests: Requests, arms: list[Arm], kept: Term | None) -> None:
        self._requests, self._arms = requests, arms
        self._outcomes = Outcomes(requests, arms, kept)
        self._filtered = kept is not None

    def of_arm(self, place: int) -> Term:
        """Rows in one arm."""
        if len(self._arms) == 1 and not self._filtered:
            return self._rows(None)
        return self._rows(self._outcomes.prefix(place))

    def of_present(self) -> Term:
        """Rows in an arm that gives a number."""
        present = [number for number, arm in enumerate(self._arms, 1) if arm.constant is not None]
        if len(present) == len(self._arms) and not self._filtered:
            return self._rows(None)
        return self._rows(self._outcomes.prefix(*present) if present else self._outcomes.prefix(-1))

    def _rows(self, prefix: str | None) -> Term:
        name = self._requests.all_rows() if prefix is None else prefix
        text = "rows" if prefix is None else f"rows by case ({prefix})"
        return self._requests.column(self._requests.rows_of(name, text))
