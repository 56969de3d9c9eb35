"""A slow guard in plain Python, as the truth for generative tests: rows are dictionaries that carry their person.

Written from the rules' wording, with sets of people, and sharing no code with query_guard.policy.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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


#: Where the catalogue lets the values of a quantity begin, if not at 0: it is measured from there.
ORIGINS = {"p.year_of_birth": 1900}


@dataclass(frozen=True)
class Wanted:
    """One aggregate: its SQL and its protected value over the rows of one group (HIDDEN for a hidden cell)."""

    sql: str
    value: Callable[[list[Row], DisclosureProfile], Any]


def people(rows: Iterable[Row]) -> set[int]:
    """Who stands behind rows."""
    return {row["person"] for row in rows}


def round_half_up(number: float, base: int) -> int:
    """12 -> 10, 13 -> 15 for base 5; 2.5 away from zero."""
    return math.floor(float(f"{number:.11e}") / base + 0.5) * base


def by_people(number: float, people: int, profile: DisclosureProfile) -> int:
    """A count that belongs to so many people, as if they were as many as is told of them."""
    return round_half_up(number * round_half_up(people, profile.round_to) / people, profile.round_to)


def shared_rows(rows: Iterable[int], profile: DisclosureProfile) -> int:
    """The rows of people who have so many each, where few who have another number than many others do not show."""
    people = Counter(number for number in rows if number)
    common = [number for number in people if people[number] >= profile.threshold]
    others = {number: many for number, many in people.items() if number not in common}
    if common and sum(others.values()) < profile.threshold:
        for number, many in others.items():
            people[max((one for one in common if one < number), default=min(common))] += many
            del people[number]
    return sum(people.elements())


def told_rows(rows: Iterable[int], profile: DisclosureProfile) -> int:
    """The number of rows that is told of people who have so many each."""
    each = [number for number in rows if number]
    return by_people(shared_rows(each, profile), len(each), profile)


def made_alike(values: Iterable[float], profile: DisclosureProfile) -> bool:
    """Whether all but a few have the same value."""
    people = Counter(round(value, 6) for value in values)
    most = max(people.values(), default=0)
    return most >= profile.threshold and people.total() - most < profile.threshold


def rows_of_each(rows: Iterable[Row]) -> list[int]:
    """How many rows each person has."""
    return list(Counter(row["person"] for row in rows).values())


def figures(number: float, digits: int) -> float:
    """Significant figures, half away from zero."""
    return float(f"{number * (1 + 1e-12):.{digits - 1}e}")


def dominated(shares: Iterable[float], profile: DisclosureProfile) -> bool:
    """nk- and p%-rule over absolute contributions of people."""
    ordered = sorted((abs(share) for share in shares), reverse=True)
    largest, second = [*ordered, 0.0, 0.0][:2]
    total = sum(ordered)
    return largest + second > profile.dominance_k * total or total - largest - second < profile.p_ratio * largest


def count_rows(condition: Condition | None, sql: str) -> Wanted:
    """count(*) or count of a condition."""

    def value(rows: list[Row], profile: DisclosureProfile) -> Any:
        inside = [row for row in rows if condition is None or condition.holds(row)]
        if len(people(inside)) < profile.threshold or dominated(rows_of_each(inside), profile):
            return HIDDEN
        return told_rows(rows_of_each(inside), profile)

    return Wanted(sql, value)


def count_people(condition: Condition | None, sql: str) -> Wanted:
    """count(distinct person_id)."""

    def value(rows: list[Row], profile: DisclosureProfile) -> Any:
        inside = people(row for row in rows if condition is None or condition.holds(row))
        if len(inside) < profile.threshold:
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
        return by_people(len({code for _, code in present}), len(shares), profile)

    return Wanted(sql, value)


def flag_total(condition: Condition, sql: str, *, mean: bool) -> Wanted:
    """sum or avg of `case when condition then 1 else 0 end`: a count, or a count by a count."""
    ones, every = count_rows(condition, sql), count_rows(None, sql)

    def value(rows: list[Row], profile: DisclosureProfile) -> Any:
        some, whole = ones.value(rows, profile), every.value(rows, profile)
        if not mean or some is HIDDEN:
            return some
        return HIDDEN if whole is HIDDEN else figures(some / whole, profile.significant_figures)

    return Wanted(sql, value)


def quantity(column: str, condition: Condition | None, sql: str, *, mean: bool) -> Wanted:
    """sum or avg of a column, with or without FILTER."""

    def value(rows: list[Row], profile: DisclosureProfile) -> Any:
        inside = [row for row in rows if condition is None or condition.holds(row)]
        origin = ORIGINS.get(column, 0)
        present = [{**row, column: row[column] - origin} for row in inside if row[column] is not None]
        shares = Counter[int]()
        for row in present:
            shares[row["person"]] += row[column]
        some = [row for row in present if row[column]]
        if len(people(some)) < profile.threshold or dominated(shares.values(), profile):
            return HIDDEN
        every = told_rows(rows_of_each(present), profile)
        each = sum(row[column] for row in present) / len(some)
        whole = each * told_rows(rows_of_each(some), profile)
        if mean:
            return figures(whole / every, profile.significant_figures) + origin
        return figures(whole, profile.significant_figures) + origin * every

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
