"""A slow guard in plain Python, as the truth for generative tests: rows are dictionaries that carry their person.

Written from the rules' wording, with sets of people, and sharing no code with query_guard.policy.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from governance.disclosure import DisclosureProfile

Row = dict[str, Any]
HIDDEN = "hidden"


@dataclass(frozen=True)
class Condition:
    """A condition as SQL and as a function of a row that gives True, False or None (unknown)."""

    sql: str
    holds: Callable[[Row], bool | None]


def comparison(column: str, operator: str, value: int) -> Condition:
    """`column operator value`."""
    compare = {"=": int.__eq__, "<>": int.__ne__, "<": int.__lt__, ">=": int.__ge__}[operator]

    def holds(row: Row) -> bool | None:
        return None if row[column] is None else bool(compare(int(row[column]), value))

    return Condition(f"{column} {operator} {value}", holds)


def is_null(column: str) -> Condition:
    """`column IS NULL`."""
    return Condition(f"{column} is null", lambda row: row[column] is None)


def both(one: Condition, other: Condition) -> Condition:
    """AND in three-valued logic."""

    def holds(row: Row) -> bool | None:
        values = (one.holds(row), other.holds(row))
        return False if False in values else None if None in values else True

    return Condition(f"({one.sql} and {other.sql})", holds)


def either(one: Condition, other: Condition) -> Condition:
    """OR in three-valued logic."""

    def holds(row: Row) -> bool | None:
        values = (one.holds(row), other.holds(row))
        return True if True in values else None if None in values else False

    return Condition(f"({one.sql} or {other.sql})", holds)


def negated(one: Condition) -> Condition:
    """NOT in three-valued logic."""

    def holds(row: Row) -> bool | None:
        value = one.holds(row)
        return None if value is None else not value

    return Condition(f"not ({one.sql})", holds)


@dataclass(frozen=True)
class Wanted:
    """One aggregate: its SQL and its protected value over the rows of one group (HIDDEN for a hidden cell)."""

    sql: str
    value: Callable[[list[Row], DisclosureProfile], Any]


def people(rows: Iterable[Row]) -> set[int]:
    """Who stands behind rows."""
    return {row["person"] for row in rows}


def round_half_up(number: int, base: int) -> int:
    """12 -> 10, 13 -> 15 for base 5; 2.5 away from zero."""
    return math.floor(number / base + 0.5) * base


def figures(number: float, digits: int) -> float:
    """Significant figures."""
    return float(f"{number:.{digits - 1}e}")


def dominated(shares: Iterable[float], profile: DisclosureProfile) -> bool:
    """nk- and p%-rule over absolute contributions of people."""
    ordered = sorted((abs(share) for share in shares), reverse=True)
    largest, second = [*ordered, 0.0, 0.0][:2]
    total = sum(ordered)
    return largest + second > profile.dominance_k * total or total - largest - second < profile.p_ratio * largest


def few(group: set[int], profile: DisclosureProfile) -> bool:
    """Some, but too few."""
    return 0 < len(group) < profile.threshold


def count_rows(condition: Condition | None, sql: str) -> Wanted:
    """count(*) or count of a condition."""

    def value(rows: list[Row], profile: DisclosureProfile) -> Any:
        inside = [row for row in rows if condition is None or condition.holds(row)]
        outside = [row for row in rows if condition is not None and not condition.holds(row)]
        if len(people(inside)) < profile.threshold or few(people(outside), profile):
            return HIDDEN
        if dominated(Counter(row["person"] for row in inside).values(), profile):
            return HIDDEN
        return round_half_up(len(inside), profile.round_to)

    return Wanted(sql, value)


def count_people(condition: Condition | None, sql: str) -> Wanted:
    """count(distinct person_id)."""

    def value(rows: list[Row], profile: DisclosureProfile) -> Any:
        inside = people(row for row in rows if condition is None or condition.holds(row))
        if len(inside) < profile.threshold or few(people(rows) - inside, profile):
            return HIDDEN
        return round_half_up(len(inside), profile.round_to)

    return Wanted(sql, value)


def count_distinct(column: str, sql: str) -> Wanted:
    """count(distinct column)."""

    def value(rows: list[Row], profile: DisclosureProfile) -> Any:
        present = {(row["person"], row[column]) for row in rows if row[column] is not None}
        shares = Counter(person for person, _ in present)
        if len(shares) < profile.threshold or dominated(shares.values(), profile):
            return HIDDEN
        return round_half_up(len({code for _, code in present}), profile.round_to)

    return Wanted(sql, value)


def flag_total(condition: Condition, sql: str, *, mean: bool) -> Wanted:
    """sum or avg of `case when condition then 1 else 0 end`."""

    def value(rows: list[Row], profile: DisclosureProfile) -> Any:
        inside = [row for row in rows if condition.holds(row)]
        outside = [row for row in rows if not condition.holds(row)]
        if len(people(inside)) < profile.threshold or few(people(outside), profile):
            return HIDDEN
        for part in (inside, outside):
            if part and dominated(Counter(row["person"] for row in part).values(), profile):
                return HIDDEN
        ones = round_half_up(len(inside), profile.round_to)
        return figures(ones / round_half_up(len(rows), profile.round_to), profile.significant_figures) if mean else ones

    return Wanted(sql, value)


def quantity(column: str, condition: Condition | None, sql: str, *, mean: bool) -> Wanted:
    """sum or avg of a column, with or without FILTER."""

    def value(rows: list[Row], profile: DisclosureProfile) -> Any:
        inside = [row for row in rows if condition is None or condition.holds(row)]
        outside = [row for row in rows if condition is not None and not condition.holds(row)]
        present = [row for row in inside if row[column] is not None]
        missing = [row for row in rows if row not in present or row[column] is None]
        shares = {
            person: sum(row[column] for row in many)
            for person, many in groupby(sorted(present, key=lambda row: row["person"]), key=lambda row: row["person"])
        }
        zeros, others = [row for row in present if row[column] == 0], {row[column] for row in present} - {0}
        flag = bool(zeros) and len(others) == 1
        if condition is not None and (len(people(inside)) < profile.threshold or few(people(outside), profile)):
            return HIDDEN
        if sum(share != 0 for share in shares.values()) < profile.threshold or dominated(shares.values(), profile):
            return HIDDEN
        if flag and few(people(zeros), profile):
            return HIDDEN
        counted = round_half_up(len(rows if few(people(missing), profile) else present), profile.round_to)
        if flag:
            total = others.pop() * round_half_up(len(present) - len(zeros), profile.round_to)
        else:
            total = sum(row[column] for row in present) / len(present) * counted
        return figures(total / counted if mean else total, profile.significant_figures)

    return Wanted(sql, value)


def answer(rows: list[Row], keys: list[str], wanted: list[Wanted], profile: DisclosureProfile) -> list[tuple[Any, ...]]:
    """The protected answer, ordered by key with nulls last."""
    if not keys:
        return [tuple(_judged(rows, one, profile) for one in wanted)]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    shown = {key: many for key, many in groups.items() if len(people(many)) >= profile.threshold}
    ordered = sorted(shown, key=lambda key: [(part is None, part or 0) for part in key])
    return [(*key, *(_judged(shown[key], one, profile) for one in wanted)) for key in ordered]


def _judged(rows: list[Row], one: Wanted, profile: DisclosureProfile) -> Any:
    return HIDDEN if len(people(rows)) < profile.threshold else one.value(rows, profile)
