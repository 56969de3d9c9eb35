"""Finds what tables say of one another: the same cell shown in one and hidden in the other, and totals in one of what
the other shows in parts. Believed where the tables agree on what both show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from egress.inspection.margins.facts import SHOWN, CountTable, Fact
from egress.inspection.margins.labels import ALL
from egress.inspection.margins.sums import FEWEST_PARTS, MOST_PARTS, Family, Rounding, Sum, verdict

MOST_TABLES = 200
MOST_FACTS = 20_000  # of one table that is compared with others
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


def _linked(
    mine: dict[Key, list[int]],
    theirs: dict[Key, list[int]],
    groups: Sequence[Sequence[tuple[Key, tuple[int, ...]]]],
    facts: Sequence[Fact],
    rounding: Rounding,
) -> Iterator[Sum]:
    same = [Sum(theirs[key][0], (mine[key][0],)) for key in mine if _alone(key, mine) and _alone(key, theirs) and key]
    if _agree(same, facts, rounding):
        yield from same
    for along in groups:
        family = [Sum(theirs[key][0], parts) for key, parts in along if _alone(key, theirs)]
        if _agree(family, facts, rounding):
            yield from family


def _alone(key: Key, keys: dict[Key, list[int]]) -> bool:
    return len(keys.get(key, ())) == 1


def _agree(family: Family, facts: Sequence[Fact], rounding: Rounding) -> bool:
    """At least one instance that both tables show in full agrees, and none speaks against it."""
    holds, breaks = verdict(family, facts, rounding)
    return holds > 0 and not breaks and any(facts[part].mark != SHOWN for each in family for part in each.parts)


def _groups(placed: Placed, axis: int) -> Iterator[tuple[Key, tuple[int, ...]]]:
    """The cells that differ along one axis only, with what they have in common; totals are in none."""
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, fact in enumerate(placed.table.facts):
        if fact.row >= 0 and fact.at[axis] != ALL:
            found[fact.at[:axis] + fact.at[axis + 1 :]].append(placed.start + number)
    for common, parts in found.items():
        if FEWEST_PARTS <= len(parts) <= MOST_PARTS:
            yield _key(common), tuple(parts)
