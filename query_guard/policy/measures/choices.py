"""Dates chosen by a condition: a number made of them counts who meets it.

`case when <rare> then birth_datetime else visit_start_date end`, subtracted from the visit's own date, is some thousand
days for those who meet the condition and none for all others, and none of them makes up most of the sum. One choice is
too useful to refuse: the time at risk, until an event or, for those who have none, the end. It is answered, and settled
after the same sum with the end for everybody and with the event for everybody, so that a few of either do not show.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.refusing import refuse
from query_guard.policy.relations.source import JoinKind
from query_guard.policy.rows import Rows

CHOICES = (exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)


def is_choice(node: Any) -> bool:
    """Whether one of several dates is taken by a condition. A date in place of a missing one is none, unless it is
    written out."""
    if any(type(part) is exp.Literal and part.is_string for part in node.walk()):
        return True
    return type(node) is exp.Nullif or (type(node) in (exp.Case, exp.If) and not _tests_for_null(node))


def fillings(node: Any, rows: Rows) -> list[Any]:
    """COALESCEs that fill a date which an outer join, and so a condition, could make missing.

    Raises `measure-not-quantity` for other choices between such dates.
    """
    found = _with_outer_columns(node, rows)
    innermost = [part for part in found if not any(inside is not part for inside in part.find_all(*CHOICES))]
    other = next((part for part in innermost if type(part) is not exp.Coalesce), None)
    if other is not None:
        raise refuse("measure-not-quantity", other, remedy="Fill the missing date with COALESCE.")
    return innermost


def may_be_filled(node: Any, rows: Rows) -> bool:
    """Whether there is any choice between dates of which an outer join could make one missing."""
    return bool(_with_outer_columns(node, rows))


def _with_outer_columns(node: Any, rows: Rows) -> list[Any]:
    found = []
    for part in node.find_all(*CHOICES):
        columns = [rows.bare_column(column) for column in part.find_all(exp.Column)]
        if any(one is not None and one.source.join in (JoinKind.LEFT, JoinKind.FULL) for one in columns):
            found.append(part)
    return found


def filled(node: Any, parts: list[Any], *, first: bool) -> Any:
    """The expression with each of these COALESCEs taken one way for everybody: its first date, or its last."""

    def take(part: Any) -> Any:
        return (part.this if first else part.expressions[-1]).copy() if part in parts else part

    return node.transform(take)


def _tests_for_null(node: Any) -> bool:
    """Whether a CASE or IF asks for nothing but whether columns are there."""
    if type(node) is exp.Case and node.this is not None:
        return False
    tests = [branch.this for branch in node.args["ifs"]] if type(node) is exp.Case else [node.this]
    plain = [test.this.unnest() if type(test) is exp.Not else test for test in (test.unnest() for test in tests)]
    return all(
        type(test) is exp.Is and type(test.expression) is exp.Null and type(test.this.unnest()) is exp.Column
        for test in plain
    )
