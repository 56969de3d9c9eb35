"""Dates chosen by a condition: a number made of them counts who meets it.

`case when <rare> then birth_datetime else visit_start_date end`, subtracted from the visit's own date, is some thousand
days for those who meet the condition and none for all others, and none of them makes up most of the sum.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.relations.source import JoinKind
from query_guard.policy.rows import Rows

CHOICES = (exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)


def is_choice(node: Any, rows: Rows) -> bool:
    """Whether one of several dates is taken by a condition. A date in place of a missing one is none, unless it is
    written out or an outer join, which may have a condition, could make it missing."""
    if any(type(part) is exp.Literal and part.is_string for part in node.walk()):
        return True
    if type(node) is exp.Nullif or (type(node) in (exp.Case, exp.If) and not _tests_for_null(node)):
        return True
    found = [rows.bare_column(part) for part in node.find_all(exp.Column)]
    return any(one is not None and one.source.join in (JoinKind.LEFT, JoinKind.FULL) for one in found)


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
