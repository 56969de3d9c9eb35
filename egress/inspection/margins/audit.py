"""Audits the counts of one or several tables: which hidden cells are given away, and which need a linear program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from egress.inspection.margins.arithmetic import sums_by_arithmetic
from egress.inspection.margins.facts import NO_CAP, SHOWN, CountTable, Fact
from egress.inspection.margins.sums import Rounding, Sum, sums_of_table
from egress.inspection.margins.system import Bounds, apart, components, first_bounds, is_given_away, tighten

MOST_OPEN = 200  # hidden cells of one group of sums that are tried with programs

#: (sums, bounds, cells, enough) -> (least, most) a cell, or nothing for one that it could not tell.
Solve = Callable[[Sequence[Sum], Bounds, Iterable[int], int], dict[int, tuple[float, float]]]


@dataclass(frozen=True)
class Outcome:
    """Positions of the hidden cells that are given away, and of those nobody could tell of."""

    given_away: tuple[int, ...]
    open: tuple[int, ...]


@lru_cache(maxsize=256)
def sums_in(table: CountTable, base: int) -> tuple[Sum, ...]:
    """Every sum within a table, by words and by arithmetic."""
    rounding = Rounding(base if table.is_rounded(base) else 1)
    return tuple(dict.fromkeys((*sums_of_table(table, rounding), *sums_by_arithmetic(table, rounding))))


def offsets(table: CountTable, base: int) -> list[int]:
    """For each cell of a table, how far a shown count may lie from the true one."""
    return [Rounding(base if table.is_rounded(base) else 1).off] * len(table.facts)


def audit(
    facts: Sequence[Fact], off: Sequence[int], sums: Sequence[Sum], threshold: int, solve: Solve | None
) -> Outcome:
    """Work out every hidden cell as far as the sums allow. Without `solve`, what needs a program stays open."""
    given = _exact_under_caps(facts, off, sums, threshold)
    bounds = tighten(first_bounds(facts, off), sums)
    contradicted = bounds.contradict
    if contradicted:  # at least one sum is none, and nobody can say which
        bounds = apart(first_bounds(facts, off), sums)
    hidden = [at for at, fact in enumerate(facts) if fact.mark != SHOWN and at not in given]
    given |= {at for at in hidden if is_given_away(facts[at].mark, bounds.low[at], bounds.high[at], threshold)}
    unsure = [at for at in hidden if at not in given and bounds.low[at] < threshold]
    left: list[int] = []
    for group, is_circle in components(() if contradicted else sums, unsure, bounds):
        if is_circle:
            cells = {cell for each in group for cell in (each.total, *each.parts)}
            found, unsolved = _by_programs(facts, group, bounds, [at for at in unsure if at in cells], threshold, solve)
            given |= found
            left += unsolved
    return Outcome(tuple(sorted(given)), tuple(sorted(left)))


def _by_programs(
    facts: Sequence[Fact],
    group: Sequence[Sum],
    bounds: Bounds,
    unsure: Sequence[int],
    threshold: int,
    solve: Solve | None,
) -> tuple[set[int], list[int]]:
    if solve is None:
        return set(), list(unsure)
    spans = solve(group, bounds, unsure[:MOST_OPEN], threshold)
    given = {at for at, (low, high) in spans.items() if is_given_away(facts[at].mark, low, high, threshold)}
    return given, [at for at in unsure if at not in spans]


def _exact_under_caps(facts: Sequence[Fact], off: Sequence[int], sums: Sequence[Sum], threshold: int) -> set[int]:
    """Cells that "<10", taken at its word, leaves one value: "<10" twice, and 18 together."""
    if not any(fact.cap != NO_CAP for fact in facts):
        return set()
    bounds = tighten(first_bounds(facts, off, use_caps=True), sums)
    if bounds.contradict:
        return set()
    known = (at for at, fact in enumerate(facts) if fact.mark != SHOWN and bounds.low[at] == bounds.high[at])
    return {at for at in known if 1 <= bounds.low[at] < threshold}
