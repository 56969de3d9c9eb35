"""The released numbers, from the wording of the disclosure rules: sets of people and lists of rows, nothing clever.

Written from the reference of the policy (and the docstrings of its rules), sharing no code with query_guard.policy.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from governance.disclosure import DisclosureProfile
from tests.support.guard_reference import HIDDEN, by_people, dominated, made_alike, round_half_up, told_rows
from tests.support.guard_reference import figures as cut
from tests.support.relations.expressions import Expression, Use, Values
from tests.support.relations.relation import Record

BORN_AFTER = 1900  # where the catalogue lets years of birth begin


class Figures(float):
    """A number cut to significant figures. Where it lies between two of them, sums in another order give either."""

    either: tuple[float, ...] = ()


def figures(number: float, digits: int) -> Figures:
    """So many significant figures."""
    found = Figures(cut(number, digits))
    found.either = tuple(cut(number * (1 + sign * 1e-10), digits) for sign in (-1, 0, 1))
    return found


def moved(number: float, by: float, profile: DisclosureProfile) -> Figures:
    """The figures of a number measured from somewhere else."""
    cut_off = figures(number, profile.significant_figures)
    found = Figures(cut_off + by)
    found.either = tuple(one + by for one in cut_off.either)
    return found


@dataclass(frozen=True)
class Group:
    """The rows of one cell. `crossed`: a person's rows of two tables meet each with each; `weighed`: the query brings a
    table's rows in several times, or a reference table repeats them, so that nothing is said of rows."""

    records: tuple[Record, ...]
    crossed: bool
    weighed: bool
    profile: DisclosureProfile

    def people(self) -> set[int]:
        """Who stands behind the cell."""
        return {record.person for record in self.records}

    def rows(self) -> Counter[int]:
        """How many rows each of them has."""
        return Counter(record.person for record in self.records)


@dataclass(frozen=True)
class Wanted:
    """One aggregate: its SQL and its released value (HIDDEN for a hidden one) by the rules for its kind of number."""

    sql: str
    value: Callable[[Group], Any]

    def of(self, group: Group) -> Any:
        """The released value of a cell."""
        return HIDDEN if len(group.people()) < group.profile.threshold else self.value(group)


def _too_much(group: Group, shares: Iterable[float]) -> bool:
    """One or two people make up nearly all, or, where the query multiplies rows, one more than her part."""
    sizes = [abs(share) for share in shares]
    if dominated(sizes, group.profile):
        return True
    return group.crossed and max(sizes, default=0.0) * group.profile.threshold > sum(sizes)


def _kept(group: Group, test: Expression | None) -> list[Record]:
    """The rows that meet a condition."""
    return [one for one in group.records if test is None or test.value(dict(one.values))]


def count_rows(test: Expression | None, sql: str) -> Wanted:
    """Rows, or rows that meet a condition."""

    def value(group: Group) -> Any:
        inside = _kept(group, test)
        rows = Counter(record.person for record in inside)
        if group.weighed or len(rows) < group.profile.threshold or _too_much(group, rows.values()):
            return HIDDEN
        return told_rows(rows.values(), group.profile)

    return Wanted(sql, value)


def count_people(test: Expression | None, sql: str) -> Wanted:
    """Different people, or those with a row that meets a condition."""

    def value(group: Group) -> Any:
        inside = {record.person for record in _kept(group, test)}
        if len(inside) < group.profile.threshold:
            return HIDDEN
        return round_half_up(len(inside), group.profile.round_to)

    return Wanted(sql, value)


def count_distinct(operand: Expression, sql: str) -> Wanted:
    """Different values."""

    def value(group: Group) -> Any:
        present = {(one.person, operand.value(dict(one.values))) for one in group.records}
        shares = Counter(person for person, found in present if found is not None)
        if len(shares) < group.profile.threshold or _too_much(group, [float(share) for share in shares.values()]):
            return HIDDEN
        return by_people(len({found for _, found in present} - {None}), len(shares), group.profile)

    return Wanted(sql, value)


def flags(test: Expression, sql: str, *, mean: bool) -> Wanted:
    """sum or avg of `CASE WHEN test THEN 1 ELSE 0 END`: the count of the condition, by the count of rows."""
    ones, rows = count_rows(test, sql), count_rows(None, sql)

    def value(group: Group) -> Any:
        some, whole = ones.value(group), rows.value(group)
        if some is HIDDEN or not mean:
            return some
        return HIDDEN if whole is HIDDEN else some / whole if whole else None

    return Wanted(sql, value)


def _values(group: Group, operand: Expression, test: Expression | None = None) -> list[tuple[int, float]]:
    """(person, value) of the rows that have a value of a quantity."""
    found = ((one.person, operand.value(dict(one.values))) for one in _kept(group, test))
    return [(person, value) for person, value in found if value is not None]


def total(operand: Expression, test: Expression | None, sql: str, *, mean: bool) -> Wanted:
    """sum or avg of a measure or a tally, with or without FILTER."""

    def value(group: Group) -> Any:
        profile, origin = group.profile, BORN_AFTER if operand.use is Use.BOUNDED else 0
        present = [(person, number - origin) for person, number in _values(group, operand, test)]
        sums: dict[int, float] = {}
        for person, number in present:
            sums[person] = sums.get(person, 0) + number
        some = [(person, number) for person, number in present if number]
        few = len({person for person, _ in some}) < profile.threshold
        if group.weighed or few or _too_much(group, sums.values()):
            return HIDDEN
        every = told_rows(Counter(person for person, _ in present).values(), profile)
        if operand.use is Use.TALLY:
            whole = told_rows((round(number) for number in sums.values()), profile)
            return figures(whole / every, profile.significant_figures) if mean else whole
        each = math.fsum(number for _, number in some) / len(some)
        whole = each * told_rows(Counter(person for person, _ in some).values(), profile)
        return moved(whole / every, origin, profile) if mean else moved(whole, origin * every, profile)

    return Wanted(sql, value)


def _shaped(number: float, operand: Expression, profile: DisclosureProfile) -> Any:
    stable = figures(number, 12) if number else 0.0
    if operand.kind == "int":
        return round(stable)
    return figures(stable, profile.significant_figures) if stable else 0.0


def extreme(operand: Expression, sql: str, *, lowest: bool) -> Wanted:
    """min or max: the value that `threshold` people have or pass."""

    def value(group: Group) -> Any:
        ends: dict[int, float] = {}
        for person, number in _values(group, operand):
            ends[person] = (min if lowest else max)(ends.get(person, number), number)
        if len(ends) < group.profile.threshold:
            return HIDDEN
        innermost = sorted(ends.values(), reverse=not lowest)[group.profile.threshold - 1]
        return _shaped(innermost, operand, group.profile)

    return Wanted(sql, value)


def quantile(operand: Expression, level: float, sql: str) -> Wanted:
    """A quantile with enough people on either side of it."""

    def value(group: Group) -> Any:
        present = _values(group, operand)
        people = {person for person, _ in present}
        enough = len(people) >= group.profile.threshold
        if group.weighed or not enough or len(people) * min(level, 1 - level) < group.profile.threshold - 1e-9:
            return HIDDEN
        if _too_much(group, [float(rows) for rows in Counter(person for person, _ in present).values()]):
            return HIDDEN
        return _shaped(_interpolated(sorted(number for _, number in present), level), operand, group.profile)

    return Wanted(sql, value)


def _interpolated(ordered: list[float], level: float) -> float:
    place = level * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def spread(operand: Expression, sql: str) -> Wanted:
    """Standard deviation: residual degrees of freedom, and no one who makes up the squares."""

    def value(group: Group) -> Any:
        present = _values(group, operand)
        rows = Counter(person for person, _ in present)
        squares: dict[int, float] = {}
        for person, number in present:
            squares[person] = squares.get(person, 0.0) + float(number) ** 2
        if group.weighed or len(rows) < group.profile.threshold or len(rows) - 1 < group.profile.residual_dof:
            return HIDDEN
        if _too_much(group, [float(count) for count in rows.values()]) or _too_much(group, squares.values()):
            return HIDDEN
        sums = dict.fromkeys(rows, 0.0)
        for person, number in present:
            sums[person] += number
        if made_alike((sums[person] / rows[person] for person in rows), group.profile):
            return HIDDEN
        if operand.use is Use.TALLY:
            some = {person for person, number in present if number}
            if len(some) < group.profile.threshold:
                return HIDDEN
            if len({person for person, number in present if not number}) < group.profile.threshold:
                present = [(person, number) for person, number in present if number]
        mean = math.fsum(number for _, number in present) / len(present)
        variance = math.fsum((number - mean) ** 2 for _, number in present) / (len(present) - 1)
        stable = figures(math.sqrt(variance), 12) if variance else 0.0
        digits = group.profile.significant_figures
        shown = figures(stable, digits) if stable else 0.0
        return figures(shown, digits - 1) if shown and operand.use is Use.TALLY else shown

    return Wanted(sql, value)


def present(operand: Expression) -> Expression:
    """The condition that a value is there (for `count(operand)`)."""

    def holds(row: Values) -> bool:
        return operand.value(row) is not None

    return Expression(f"{operand.sql} is not null", "bool", holds, reads=operand.reads)
