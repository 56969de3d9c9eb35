"""A number over `scale * x + shift` is the same number over `x`, stretched and moved afterwards.

Promise: `avg(x - 1961.3)` tells what `avg(x)` tells and not a digit more, and neither `avg(x * 1.01)` nor `max(-x)` is
a second look at it: all are computed from the one published number of `x`.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.arithmetic import combine
from query_guard.policy.terms import Kind, Term, number


def fixed(value: float) -> Term:
    """A fixed number."""
    if isinstance(value, int):
        return Term(f"({value})", Kind.INTEGER, literal=value)
    return number(float(value))


def stretched(term: Term, factor: float, node: Any) -> Term:
    """`factor * term`."""
    return term if factor == 1 else combine(exp.Mul, fixed(factor), term, node)


def moved(term: Term, by: Term | float, node: Any) -> Term:
    """`term + by`."""
    if not isinstance(by, Term):
        if by == 0:
            return term
        by = fixed(by)
    return combine(exp.Add, term, by, node)
