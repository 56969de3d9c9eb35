"""Which grouping levels a reader can relate to one another, the ones that the answer does not show included.

A level is a bit mask: bit k set = key k is aggregated away. `a` refines `b` when every bit of a is set in b.

Promise: for an answer at these levels, the relations between the pairs given here imply every relation that holds
between the cells, whatever the data. Two levels that do not refine one another meet in a margin that nobody asked for
(both have the same grand total), and three that chase one another's keys in a circle restrict one another through the
finer table that nobody asked for either. Both kinds of unasked levels are added. Without a circle the finer table adds
nothing (Vorob'ev 1962; Beeri, Fagin, Maier & Yannakakis 1983, on acyclic families).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from itertools import combinations
from operator import and_, or_


def related_levels(shown: Iterable[int], every_key: int, one_group_keys: int) -> tuple[int, ...]:
    """All levels to relate, finest first.

    Args:
        shown: the levels of the answer.
        every_key: all bits that a level may have.
        one_group_keys: bits of the keys over which values add up, in a table where over others they do not.
    """
    levels = set(shown)
    finest = finest_of(levels)
    if _chase_in_a_circle([every_key & ~level for level in finest]):
        levels.add(reduce(and_, finest))
    while (wider := levels | _unasked(levels, one_group_keys)) != levels:
        levels = wider
    return tuple(sorted(levels, key=lambda level: (level.bit_count(), level)))


def covering_pairs(levels: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """(finer, coarser) with no level between them: the relations of all other pairs follow from these."""
    known = sorted(levels, key=lambda level: (level.bit_count(), level))
    pairs: list[tuple[int, int]] = []
    for finer in known:
        nearest: list[int] = []
        for coarser in known:
            if _refines(finer, coarser) and not any(_refines(between, coarser) for between in nearest):
                nearest.append(coarser)
        pairs.extend((finer, coarser) for coarser in nearest)
    return tuple(pairs)


def finest_of(levels: Iterable[int]) -> list[int]:
    """The levels that no other one refines, in ascending order."""
    known = sorted(levels)
    return [level for level in known if not any(_refines(other, level) for other in known)]


def _refines(finer: int, coarser: int) -> bool:
    return finer != coarser and finer & coarser == finer


def _unasked(levels: set[int], one_group_keys: int) -> set[int]:
    """Common margins of two levels; and, where a step drops keys of both kinds, the two ways to take it in turns."""
    unasked = {reduce(or_, pair) for pair in combinations(levels, 2)}
    if one_group_keys:
        for finer, coarser in covering_pairs(levels):
            dropped = coarser & ~finer
            unasked |= {finer | (dropped & one_group_keys), finer | (dropped & ~one_group_keys)}
    return unasked


def _chase_in_a_circle(kept: list[int]) -> bool:
    """Do these sets of keys (bit masks) have a circle? Graham's reduction: drop keys of one set, sets inside others."""
    sets = list(kept)
    while True:
        shared = [one & reduce(or_, sets[:place] + sets[place + 1 :], 0) for place, one in enumerate(sets)]
        left = [
            one
            for place, one in enumerate(shared)
            if not any(
                one & ~other == 0 and (one != other or at < place) for at, other in enumerate(shared) if at != place
            )
        ]
        if left == sets or len(left) <= 1:
            return len(left) > 1
        sets = left
