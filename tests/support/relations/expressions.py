"""Expressions of generated questions: each as SQL text and as a function of a row, in SQL's logic of three values.

A row is a dictionary of values by `alias.column`; None is NULL. It shares no code with query_guard.policy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Values = dict[str, Any]


class Use(StrEnum):
    """What may be done with a value where people are put together."""

    CODE = "code"  # grouped by, filtered, counted
    MEASURE = "measure"  # summed, averaged, filtered
    BOUNDED = "bounded"  # a measure with bounds in the catalogue: grouped by, too
    TALLY = "tally"  # a count of one person's records: grouped by and summed
    DATE = "date"  # filtered; grouped by year; also what is neither a code nor a quantity any more
    PERSON = "person"
    KEY = "key"  # of one record


@dataclass(frozen=True)
class Expression:
    """`reads`: the columns (`alias.column`) it looks at; `column`: which it is, if a bare one; `parts`: of an AND.

    `counts`: whether the number of rows shows in it (windows).
    """

    sql: str
    kind: str  # int, double, text, date, bool
    value: Callable[[Values], Any]
    use: Use = Use.CODE
    reads: frozenset[str] = frozenset()
    column: str = ""
    parts: tuple[Expression, ...] = ()
    counts: bool = False

    @property
    def aliases(self) -> frozenset[str]:
        """The relations it looks at."""
        return frozenset(place.partition(".")[0] for place in self.reads)

    @property
    def conjuncts(self) -> tuple[Expression, ...]:
        """The conditions that all must hold for this one to hold."""
        return tuple(one for part in self.parts for one in part.conjuncts) or (self,)


def column(alias: str, name: str, kind: str, use: Use) -> Expression:
    """`alias.name`."""
    place = f"{alias}.{name}"
    return Expression(place, kind, lambda row: row[place], use, frozenset({place}), place)


def literal(value: Any) -> str:
    """A constant as SQL."""
    if value is None:
        return "null"
    return f"'{value}'" if isinstance(value, str) else f"date '{value}'" if hasattr(value, "year") else str(value)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: bool(one == other),
    "<>": lambda one, other: bool(one != other),
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">=": lambda one, other: bool(one >= other),
    ">": lambda one, other: bool(one > other),
}
COMPARISONS = tuple(_COMPARISONS)


def _condition(
    sql: str, holds: Callable[[Values], bool | None], *parts: Expression, joined: bool = False
) -> Expression:
    reads = frozenset[str]().union(*(part.reads for part in parts))
    return Expression(
        sql, "bool", holds, reads=reads, parts=parts if joined else (), counts=any(part.counts for part in parts)
    )


def compare(one: Expression, operator: str, constant: Any) -> Expression:
    """`one operator constant`."""
    test = _COMPARISONS[operator]

    def holds(row: Values) -> bool | None:
        value = one.value(row)
        return None if value is None or constant is None else test(value, constant)

    return _condition(f"({one.sql} {operator} {literal(constant)})", holds, one)


def compare_both(one: Expression, operator: str, other: Expression) -> Expression:
    """`one operator other`."""
    test = _COMPARISONS[operator]

    def holds(row: Values) -> bool | None:
        left, right = one.value(row), other.value(row)
        return None if left is None or right is None else test(left, right)

    return _condition(f"({one.sql} {operator} {other.sql})", holds, one, other)


def is_null(one: Expression, *, negated: bool = False) -> Expression:
    """`one IS [NOT] NULL`."""
    words = "is not null" if negated else "is null"
    return _condition(f"({one.sql} {words})", lambda row: (one.value(row) is None) is not negated, one)


def is_among(one: Expression, constants: Sequence[Any], *, negated: bool = False) -> Expression:
    """`one [NOT] IN (constants)`."""

    def holds(row: Values) -> bool | None:
        value = one.value(row)
        if value is None:
            return None
        found = True if value in constants else None if None in constants else False
        return found if not negated or found is None else not found

    words = "not in" if negated else "in"
    return _condition(f"({one.sql} {words} ({', '.join(map(literal, constants))}))", holds, one)


def both(one: Expression, other: Expression) -> Expression:
    """AND."""

    def holds(row: Values) -> bool | None:
        values = (one.value(row), other.value(row))
        return False if False in values else None if None in values else True

    return _condition(f"({one.sql} and {other.sql})", holds, one, other, joined=True)


def either(one: Expression, other: Expression) -> Expression:
    """OR."""

    def holds(row: Values) -> bool | None:
        values = (one.value(row), other.value(row))
        return True if True in values else None if None in values else False

    return _condition(f"({one.sql} or {other.sql})", holds, one, other)


def negated(one: Expression) -> Expression:
    """NOT."""

    def holds(row: Values) -> bool | None:
        value = one.value(row)
        return None if value is None else not value

    return _condition(f"(not {one.sql})", holds, one)


#: What a value made by a condition may still be used for: nothing is summed that is not plainly a quantity.
UNSUMMED = {Use.MEASURE: Use.DATE, Use.BOUNDED: Use.CODE, Use.TALLY: Use.CODE}


def _derived(
    sql: str, kind: str, value: Callable[[Values], Any], *parts: Expression, use: Use | None = None
) -> Expression:
    reads = frozenset[str]().union(*(part.reads for part in parts))
    use = use or UNSUMMED.get(parts[-1].use, parts[-1].use)
    return Expression(sql, kind, value, use, reads, counts=any(part.counts for part in parts))


def case(test: Expression, then: Expression) -> Expression:
    """`CASE WHEN test THEN then END`."""
    return _derived(
        f"case when {test.sql} then {then.sql} end",
        then.kind,
        lambda row: then.value(row) if test.value(row) else None,
        test,
        then,
    )


def bands(test: Expression, other: Expression) -> Expression:
    """A key of three texts, made by two conditions."""
    return _derived(
        f"case when {test.sql} then 'one' when {other.sql} then 'two' else 'rest' end",
        "text",
        lambda row: "one" if test.value(row) else "two" if other.value(row) else "rest",
        test,
        other,
        use=Use.CODE,
    )


def shifted(one: Expression, number: int) -> Expression:
    """`one + number` of whole numbers."""

    def value(row: Values) -> Any:
        found = one.value(row)
        return None if found is None else found + number

    return _derived(f"({one.sql} + {number})", one.kind, value, one)


def filled(one: Expression, constant: Any) -> Expression:
    """`coalesce(one, constant)`."""

    def value(row: Values) -> Any:
        found = one.value(row)
        return constant if found is None else found

    return _derived(f"coalesce({one.sql}, {literal(constant)})", one.kind, value, one)


def year_of(one: Expression) -> Expression:
    """`year(date)`: coarse enough to group by."""

    def value(row: Values) -> Any:
        found = one.value(row)
        return None if found is None else found.year

    return _derived(f"year({one.sql})", "int", value, one, use=Use.CODE)


def band_of(one: Expression, width: int) -> Expression:
    """`floor(one / width) * width`: coarse enough to group by."""

    def value(row: Values) -> Any:
        found = one.value(row)
        return None if found is None else float(found // width * width)

    return _derived(f"floor({one.sql} / {width}) * {width}", "double", value, one, use=Use.CODE)
