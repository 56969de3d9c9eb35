"""CASE, IF, COALESCE, NULLIF, GREATEST and LEAST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.comparison import bring_together, equal
from query_guard.policy.expressions.context import Context
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import NUMBERS, TIMES, Kind, Term, as_double, call, join_terms


def one_kind(terms: list[Term], node: Any) -> tuple[list[Term], Kind]:
    """Results of one kind; whole and broken numbers together become DOUBLE. Text literals stay text."""
    kinds = {term.kind for term in terms} - {Kind.NULL}
    if kinds == NUMBERS:
        return [term if term.kind is Kind.NULL else as_double(term) for term in terms], Kind.DOUBLE
    terms = bring_together(terms, node)
    return terms, next((term.kind for term in terms if term.kind is not Kind.NULL), Kind.NULL)


def write_case(node: Any, context: Context) -> Term:
    """CASE in both forms. What the conditions look at is not exposed by the result: only the chosen values are."""
    tests = [case_test(node, branch, context) for branch in node.args["ifs"]]
    results = [context.write(branch.args["true"]) for branch in node.args["ifs"]]
    default = node.args.get("default")
    return choose(tests, results, context.write(default) if default is not None else None, node)


def case_test(node: Any, branch: Any, context: Context) -> Term:
    """The condition of one WHEN, in either form of CASE."""
    if node.this is None:
        return context.condition(branch.this)
    return equal(context.write(node.this), context.write(branch.this), branch)


def write_if(node: Any, context: Context) -> Term:
    """`if(test, a, b)`."""
    default = node.args.get("false")
    tests, results = [context.condition(node.this)], [context.write(node.args["true"])]
    return choose(tests, results, context.write(default) if default is not None else None, node)


def choose(tests: list[Term], results: list[Term], default: Term | None, node: Any) -> Term:
    """The CASE expression of written parts."""
    values, kind = one_kind([*results, *([default] if default else [])], node)
    arms = " ".join(f"WHEN {test.sql} THEN {value.sql}" for test, value in zip(tests, values, strict=False))
    last = f" ELSE {values[-1].sql}" if default else ""
    return join_terms(f"CASE {arms}{last} END", kind, *tests, *values)


def write_coalesce(node: Any, context: Context) -> Term:
    """`coalesce(a, b, ...)`, `ifnull(a, b)`."""
    terms, kind = one_kind([context.write(part) for part in (node.this, *node.expressions)], node)
    return join_terms(f"COALESCE({', '.join(term.sql for term in terms)})", kind, *terms)


def write_nullif(node: Any, context: Context) -> Term:
    """`nullif(a, b)`, as the CASE it stands for: DuckDB would convert between kinds."""
    value, other = context.write(node.this), context.write(node.expression)
    return choose([equal(value, other, node)], [Term("NULL", Kind.NULL)], value, node)


def extreme_writer(name: str) -> Callable[[Any, Context], Term]:
    """The writer of `greatest` and `least`: of public or protected values only (see `private-extreme`)."""

    def write(node: Any, context: Context) -> Term:
        terms, kind = one_kind([context.write(part) for part in (node.this, *node.expressions)], node)
        if any(term.private for term in terms) and kind not in TIMES:  # dates end and begin at one another
            raise refuse("private-extreme", node)
        return call(name, kind, *terms) if len(terms) > 1 else terms[0]

    return write


CHOICES: dict[type[Any], Callable[[Any, Context], Term]] = {
    exp.Case: write_case,
    exp.If: write_if,
    exp.Coalesce: write_coalesce,
    exp.Nullif: write_nullif,
    exp.Greatest: extreme_writer("greatest"),
    exp.Least: extreme_writer("least"),
}
