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
from tests.support.guard_reference import HIDDEN, dominated, few, round_half_up
from tests.support.guard_reference import figures as cut
from tests.support.relations.expressions import Expression, Use, Values
from tests.support.relations.relation import Record


class Figures(float):
    """A number cut to significant figures. Where it lies between two of them, sums in another order give either."""

    either: tuple[float, ...] = ()


def figures(number: float, digits: int) -> Figures:
    """So many significant figures."""
    found = Figures(cut(number, digits))
    found.either = tuple(cut(number * (1 + sign * 1e-10), digits) for sign in (-1, 0, 1))
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


@dataclass(frozen=True)
class Wanted:
    """One aggregate: its SQL and its released value (HIDDEN for a hidden one) by the rules for its kind of number."""

    sql: str
    value: Callable[[Group], Any]

    def of(self, group: Group) -> Any:
        """The released value of a cell."""
        return HIDDEN if len(group.people()) < group.profile.threshold else self.value(group)


def _people(records: Iterable[Record]) -> set[int]:
    return {record.person for record in records}


def _shares(records: Iterable[Record]) -> dict[int, float]:
    """Rows of each person."""
    return {person: float(rows) for person, rows in Counter(record.person for record in records).items()}


def _too_much(group: Group, shares: Iterable[float]) -> bool:
    """One or two people make up nearly all, or, where the query multiplies rows, one more than her part."""
    sizes = [abs(share) for share in shares]
    if dominated(sizes, group.profile):
        return True
    return group.crossed and max(sizes, default=0.0) * group.profile.threshold > sum(sizes)


def _split(group: Group, test: Expression | None) -> tuple[list[Record], list[Record]]:
    """The rows that meet a condition and the others."""
    inside = [one for one in group.records if test is None or test.value(dict(one.values))]
    kept = {id(one) for one in inside}
    return inside, [one for one in group.records if id(one) not in kept]


def count_rows(test: Expression | None, sql: str) -> Wanted:
    """Rows, or rows that meet a condition."""

    def value(group: Group) -> Any:
        inside, outside = _split(group, test)
        if group.weighed or len(_people(inside)) < group.profile.threshold:
            return HIDDEN
        if few(_people(outside), group.profile) or _too_much(group, _shares(inside).values()):
            return HIDDEN
        return round_half_up(len(inside), group.profile.round_to)

    return Wanted(sql, value)


def count_people(test: Expression | None, sql: str) -> Wanted:
    """Different people, or those with a row that meets a condition."""

    def value(group: Group) -> Any:
        inside = _people(_split(group, test)[0])
        if len(inside) < group.profile.threshold or few(group.people() - inside, group.profile):
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
        return round_half_up(len({found for _, found in present} - {None}), group.profile.round_to)

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


@dataclass(frozen=True)
class _Quantity:
    """The values of a quantity in a cell: (person, value) of the rows that have one; who lacks one."""

    present: list[tuple[int, float]]
    lacking: set[int]

    @property
    def sums(self) -> dict[int, float]:
        """What each person adds."""
        found: dict[int, float] = {}
        for person, value in self.present:
            found[person] = found.get(person, 0) + value
        return found

    @property
    def is_flag(self) -> bool:
        """Zero and one other value: a count in disguise."""
        values = {value for _, value in self.present}
        return 0 in values and len(values - {0}) == 1


def _quantity(group: Group, operand: Expression, test: Expression | None) -> _Quantity:
    present, lacking = [], set()
    for one in group.records:
        row = dict(one.values)
        found = operand.value(row) if test is None or test.value(row) else None
        if found is None:
            lacking.add(one.person)
        else:
            present.append((one.person, found))
    return _Quantity(present, lacking)


def total(operand: Expression, test: Expression | None, sql: str, *, mean: bool) -> Wanted:
    """sum or avg of a measure or a tally, with or without FILTER."""

    def value(group: Group) -> Any:
        profile, found = group.profile, _quantity(group, operand, test)
        if group.weighed or _is_thin(group, found) or _is_split(group, test):
            return HIDDEN
        if operand.use is Use.TALLY and few(found.lacking, profile):  # who has none is a complement
            return HIDDEN
        if operand.use is Use.TALLY:
            whole = round_half_up(round(sum(found.sums.values())), profile.round_to)
            count = round_half_up(len(found.present), profile.round_to)
            return figures(whole / count, profile.significant_figures) if mean else whole
        counted = round_half_up(
            len(group.records) if few(found.lacking, profile) else len(found.present), profile.round_to
        )
        if found.is_flag:
            ones = [number for _, number in found.present if number]
            whole_sum = ones[0] * round_half_up(len(ones), profile.round_to)
        else:
            whole_sum = sum(number for _, number in found.present) / len(found.present) * counted
        return figures(whole_sum / counted if mean else whole_sum, profile.significant_figures)

    return Wanted(sql, value)


def _is_thin(group: Group, found: _Quantity) -> bool:
    """Too few people with a value that is not zero, too few with zero where it counts, or too few who hold it all."""
    sums, threshold = found.sums, group.profile.threshold
    if sum(share != 0 for share in sums.values()) < threshold or _too_much(group, sums.values()):
        return True
    return found.is_flag and few({person for person, number in found.present if number == 0}, group.profile)


def _is_split(group: Group, test: Expression | None) -> bool:
    """Whether a FILTER leaves too few in, or a few out."""
    if test is None:
        return False
    inside, outside = _split(group, test)
    return len(_people(inside)) < group.profile.threshold or few(_people(outside), group.profile)


def _shaped(number: float, operand: Expression, profile: DisclosureProfile) -> Any:
    stable = figures(number, 12) if number else 0.0
    if operand.kind == "int":
        return round(stable)
    return figures(stable, profile.significant_figures) if stable else 0.0


def extreme(operand: Expression, sql: str, *, lowest: bool) -> Wanted:
    """min or max: the value that `threshold` people have or pass."""

    def value(group: Group) -> Any:
        ends: dict[int, float] = {}
        for person, number in _quantity(group, operand, None).present:
            ends[person] = (min if lowest else max)(ends.get(person, number), number)
        if len(ends) < group.profile.threshold:
            return HIDDEN
        innermost = sorted(ends.values(), reverse=not lowest)[group.profile.threshold - 1]
        return _shaped(innermost, operand, group.profile)

    return Wanted(sql, value)


def quantile(operand: Expression, level: float, sql: str) -> Wanted:
    """A quantile with enough people on either side of it."""

    def value(group: Group) -> Any:
        present = _quantity(group, operand, None).present
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
        present = _quantity(group, operand, None).present
        rows = Counter(person for person, _ in present)
        squares: dict[int, float] = {}
        for person, number in present:
            squares[person] = squares.get(person, 0.0) + float(number) ** 2
        if group.weighed or len(rows) < group.profile.threshold or len(rows) - 1 < group.profile.residual_dof:
            return HIDDEN
        if _too_much(group, [float(count) for count in rows.values()]) or _too_much(group, squares.values()):
            return HIDDEN
        if operand.use is Use.TALLY and _tells_a_count(present, group.profile):
            return HIDDEN
        mean = math.fsum(number for _, number in present) / len(present)
        variance = math.fsum((number - mean) ** 2 for _, number in present) / (len(present) - 1)
        stable = figures(math.sqrt(variance), 12) if variance else 0.0
        digits = group.profile.significant_figures
        shown = figures(stable, digits) if stable else 0.0
        return figures(shown, digits - 1) if shown and operand.use is Use.TALLY else shown

    return Wanted(sql, value)


def _tells_a_count(present: list[tuple[int, float]], profile: DisclosureProfile) -> bool:
    """A spread of counts rests on enough people who have some, and on nobody or enough who have none."""
    some = {person for person, number in present if number}
    return len(some) < profile.threshold or few({person for person, number in present if not number}, profile)


def present(operand: Expression) -> Expression:
    """The condition that a value is there (for `count(operand)`)."""

    def holds(row: Values) -> bool:
        return operand.value(row) is not None

    return Expression(f"{operand.sql} is not null", "bool", holds, reads=operand.reads)
