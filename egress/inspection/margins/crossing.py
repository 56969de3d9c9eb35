"""Finds what tables say of one another: the same cell shown in one and hidden in the other, and totals in one of what
the other shows in parts. Believed where the tables agree on what both show.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from egress.inspection.margins.facts import SHOWN, CountTable, Fact
from egress.inspection.margins.labels import ALL
from egress.inspection.margins.sums import FEWEST_PARTS, MOST_PARTS, Family, Rounding, Sum, verdict

MOST_TABLES = 200
MOST_FACTS = 20_000  # of one table that is compared with others
MOST_GUESSES = 2_000
UNNAMED = re.compile(r"column \d+")
Key = frozenset[str]


@dataclass(frozen=True)
class Placed:
    """A table whose facts stand at `start` and after in a list of all facts."""

    table: CountTable
    start: int
    base: int

    def keys(self) -> dict[Key, list[int]]:
        """Positions by the categories that a cell stands for, whatever their order."""
        found: dict[Key, list[int]] = defaultdict(list)
        for number, fact in enumerate(self.table.facts):
            if fact.row >= 0:
                found[_key(fact.at)].append(self.start + number)
        return found


def _key(at: Sequence[str]) -> Key:
    return frozenset(part for part in at if part != ALL)


def sums_between(tables: Sequence[Placed], facts: Sequence[Fact]) -> list[Sum]:
    """Sums whose parts are in a table that hides something and whose total is in another one."""
    placed = [each for each in tables if len(each.table.facts) <= MOST_FACTS][:MOST_TABLES]
    keys = [each.keys() for each in placed]
    found: list[Sum] = []
    for one, mine in zip(placed, keys, strict=True):
        if not one.table.hides:
            continue
        groups = [list(_groups(one, axis)) for axis in range(len(one.table.facts[0].at))]
        for other, theirs in zip(placed, keys, strict=True):
            if other is not one:
                rounding = Rounding(max(one.base, other.base))
                found += _linked(mine, theirs, groups, facts, rounding)
    return found


@dataclass(frozen=True)
class Guess:
    """A total in one table that may be that of another.

    Attributes:
        value, off: the total, and how far it may be off.
        parts: positions of the cells that it may be of.
        sure: it stands alone in its table, under the headings of the other: it can be of nothing else.
    """

    value: int
    off: int
    parts: tuple[int, ...]
    sure: bool


def guesses(tables: Sequence[Placed]) -> list[Guess]:
    """Grand totals that may be those of a table without one: one that another table states, or adds up to."""
    placed = [each for each in tables if len(each.table.facts) <= MOST_FACTS][:MOST_TABLES]
    found: list[Guess] = []
    for one in placed:
        parts, totals = _finest(one)
        if not one.table.marks or totals or not FEWEST_PARTS <= len(parts) <= MOST_PARTS:
            continue
        for other in placed:
            if other is not one and (told := _grand_total(other)) is not None:
                found.append(Guess(*told, tuple(parts), sure=_has_total_apart(one.table, other.table)))
    return found[:MOST_GUESSES]


def _has_total_apart(table: CountTable, other: CountTable) -> bool:
    """Whether the other table is nothing but a total, under the same headings, each of which says something."""
    named = [name for name in table.names if not UNNAMED.fullmatch(name)]
    return len(other.facts) == 1 and len(named) == len(table.names) > 1 and named == list(other.names)


def _finest(placed: Placed) -> tuple[list[int], list[int]]:
    """Positions of the cells that are no total, and of the grand totals."""
    facts = [(number, fact) for number, fact in enumerate(placed.table.facts, start=placed.start) if fact.row >= 0]
    used = (
        [axis for axis in range(len(facts[0][1].at)) if any(fact.at[axis] != ALL for _, fact in facts)] if facts else []
    )
    finest = [number for number, fact in facts if all(fact.at[axis] != ALL for axis in used)]
    return finest, [number for number, fact in facts if all(fact.at[axis] == ALL for axis in used)]


def _grand_total(placed: Placed) -> tuple[int, int] | None:
    """(value, how far off): stated once, or the sum of a table that shows everything and no total."""
    facts, off = placed.table.facts, Rounding(placed.base).off
    finest, totals = _finest(placed)
    if len(totals) == 1 and facts[totals[0] - placed.start].mark == SHOWN:
        return facts[totals[0] - placed.start].value, off
    if totals or placed.table.hides or len(finest) < len(facts):
        return None
    return sum(fact.value for fact in facts), off * len(facts)


def _linked(
    mine: dict[Key, list[int]],
    theirs: dict[Key, list[int]],
    groups: Sequence[Sequence[tuple[Key, tuple[int, ...]]]],
    facts: Sequence[Fact],
    rounding: Rounding,
) -> Iterator[Sum]:
    same = (Sum(theirs[key][0], (mine[key][0],)) for key in mine if key and _alone(key, mine) and _alone(key, theirs))
    yield from _agreeing(same, facts, rounding)
    for along in groups:
        family = (Sum(theirs[key][0], parts) for key, parts in along if _alone(key, theirs))
        yield from _agreeing(family, facts, rounding)


def _alone(key: Key, keys: dict[Key, list[int]]) -> bool:
    return len(keys.get(key, ())) == 1


def _agreeing(candidates: Iterable[Sum], facts: Sequence[Fact], rounding: Rounding) -> Family:
    """The sums, if one that both tables show in full holds, and none is contradicted; at the first that is, no more are
    looked at, since most tables have nothing to do with one another."""
    family: list[Sum] = []
    holding = 0
    for each in candidates:
        holds, breaks = verdict((each,), facts, rounding)
        if breaks:
            return ()
        holding += holds
        family.append(each)
    hides = any(facts[part].mark != SHOWN for each in family for part in each.parts)
    return family if holding and hides else ()


def _groups(placed: Placed, axis: int) -> Iterator[tuple[Key, tuple[int, ...]]]:
    """The cells that differ along one axis only, with what they have in common; totals are in none."""
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, fact in enumerate(placed.table.facts):
        if fact.row >= 0 and fact.at[axis] != ALL:
            found[fact.at[:axis] + fact.at[axis + 1 :]].append(placed.start + number)
    for common, parts in found.items():
        if FEWEST_PARTS <= len(parts) <= MOST_PARTS:
            yield _key(common), tuple(parts)
