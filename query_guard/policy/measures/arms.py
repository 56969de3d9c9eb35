"""A measure taken apart into arms: CASE, IF and a condition turned into a number are all (test, result) pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.choices import case_test
from query_guard.policy.rows import Rows
from query_guard.policy.terms import Kind, Term, join_terms

_CONDITIONS = (
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ),
    *(exp.And, exp.Or, exp.Not, exp.Between, exp.In, exp.Is, exp.Like, exp.ILike),
)
_ZERO, _ONE, _NULL = exp.Literal.number(0), exp.Literal.number(1), exp.Null()


@dataclass(frozen=True)
class Arm:
    """One arm: `test` is None for what is left (ELSE); `result` is the caller's node."""

    test: Term | None
    result: Any

    @property
    def constant(self) -> float | int | None:
        """The fixed number, or None for NULL and for quantities (see `is_fixed`)."""
        return _fixed_number(self.result)

    @property
    def is_fixed(self) -> bool:
        """Whether the result is a number written out, or NULL."""
        return type(self.result.unnest()) is exp.Null or self.constant is not None


def _fixed_number(node: Any) -> float | int | None:
    node = node.unnest()
    if type(node) is exp.Neg:
        inside = _fixed_number(node.this)
        return None if inside is None else -inside
    if type(node) is exp.Literal and not node.is_string:
        text = str(node.this)
        return int(text) if text.isdigit() else float(text)
    return None


def read_arms(node: Any, rows: Rows) -> list[Arm]:
    """The arms of a measure, last the one without test. A plain expression is one arm."""
    node = node.unnest()
    if type(node) is exp.Case:
        arms = [Arm(case_test(node, branch, rows), branch.args["true"]) for branch in node.args["ifs"]]
        return [*arms, Arm(None, node.args.get("default") or _NULL)]
    if type(node) is exp.If:
        return [Arm(rows.condition(node.this), node.args["true"]), Arm(None, node.args.get("false") or _NULL)]
    if type(node) in (exp.Cast, exp.TryCast) and _is_condition(node.this.unnest(), rows):
        rows.write(node)  # raises `cast-not-available` unless it becomes a whole number
        test = rows.condition(node.this)
        no = join_terms(f"(NOT {test.sql})", Kind.BOOLEAN, test)
        return [Arm(test, _ONE), Arm(no, _ZERO), Arm(None, _NULL)]
    if type(node) is exp.Coalesce and len(node.expressions) == 1 and _fixed_number(node.expressions[0]) is not None:
        value = rows.write(node.this)
        there = join_terms(f"({value.sql} IS NOT NULL)", Kind.BOOLEAN, value)
        return [Arm(there, node.this), Arm(None, node.expressions[0])]
    return [Arm(None, node)]


def _is_condition(node: Any, rows: Rows) -> bool:
    """Whether a node is true or false: a comparison, or a column of that kind."""
    if type(node) is exp.Column:
        found = rows.find(node)
        return found is not None and found.column.kind is Kind.BOOLEAN
    return type(node) in _CONDITIONS


def number_arms(arms: list[Arm], kept: Term | None) -> Term:
    """The number of the arm a row falls into (1, 2, ...), 0 when it fails `kept` (the FILTER)."""
    tests = [arm.test for arm in arms if arm.test is not None]
    if tests:
        listed = " ".join(f"WHEN {test.sql} THEN {number}" for number, test in enumerate(tests, 1))
        chosen = f"CASE {listed} ELSE {len(arms)} END"
    else:
        chosen = str(len(arms))
    if kept is not None:
        chosen = f"CASE WHEN {kept.sql} THEN {chosen} ELSE 0 END"
    return join_terms(chosen, Kind.INTEGER, *tests, *([kept] if kept else []))


def measured_arm(arms: list[Arm]) -> Arm | None:
    """The one arm that holds a quantity, where all others are 0 or NULL; else None."""
    measured = [arm for arm in arms if not arm.is_fixed]
    return measured[0] if len(measured) == 1 and not any(arm.constant for arm in arms if arm.is_fixed) else None


def is_flag(node: Any, rows: Rows) -> bool:
    """Whether a measure is 1 or 0 (or NULL) by a condition: adding it up counts rows."""
    arms = read_arms(node, rows)
    return len(arms) > 1 and all(arm.is_fixed and arm.constant in (0, 1, None) for arm in arms)
