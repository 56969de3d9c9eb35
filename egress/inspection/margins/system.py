"""The least and the most that each cell can be, for a reader who knows the sums: bounds, tightened until they rest.

Promise: a bound is never tighter than the sums and the shown values make it, so whatever it gives away is given away.
Where the sums form no circle, it is also never wider, and no program is needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from egress.inspection.margins.facts import MARKED, NO_CAP, SHOWN, Fact
from egress.inspection.margins.sums import Sum

MOST_SWEEPS = 30


@dataclass
class Bounds:
    """Bounds of every cell, by position: what is known so far. Tightened in place."""

    low: list[float]
    high: list[float]

    @property
    def contradict(self) -> bool:
        """The sums cannot all hold, so at least one of them is none."""
        return any(low > high for low, high in zip(self.low, self.high, strict=True))


def first_bounds(facts: Sequence[Fact], off: Sequence[int], *, use_caps: bool = False) -> Bounds:
    """What each cell says by itself: a shown count to within its rounding, a hidden one anything from zero.

    Args:
        facts: the cells.
        off: for each, how far a shown count may lie from the true one.
        use_caps: take "<10" at its word. Without, a mark may stand for any count, as one that hides a second cell does.
    """
    low: list[float] = []
    high: list[float] = []
    for fact, width in zip(facts, off, strict=True):
        shown = fact.mark == SHOWN
        low.append(max(0, fact.value - width) if shown else 0)
        capped = use_caps and fact.cap != NO_CAP
        high.append(fact.value + width if shown else fact.cap if capped else inf)
    return Bounds(low, high)


def tighten(bounds: Bounds, sums: Iterable[Sum]) -> Bounds:
    """Draw every bound in as far as each sum by itself forces it, again and again."""
    waiting = list(sums)
    of_cell: dict[int, list[Sum]] = defaultdict(list)
    for each in waiting:
        for cell in (each.total, *each.parts):
            of_cell[cell].append(each)
    for _ in range(MOST_SWEEPS):
        changed = {cell for each in waiting for cell in _tighten_one(bounds, each)}
        if not changed or bounds.contradict:
            break
        waiting = list(dict.fromkeys(each for cell in changed for each in of_cell[cell]))
    return bounds


def _tighten_one(bounds: Bounds, each: Sum) -> Iterable[int]:
    """The cells whose bounds one sum moves."""
    low, high, changed = bounds.low, bounds.high, []
    least = sum(low[part] for part in each.parts)
    finite = sum(high[part] for part in each.parts if high[part] != inf)
    endless = sum(high[part] == inf for part in each.parts)
    whole_low, whole_high = low[each.total], high[each.total]
    if _narrow(bounds, each.total, least, inf if endless else finite):
        changed.append(each.total)
    for part in each.parts:
        others_end = endless - (high[part] == inf)
        others_high = inf if others_end else finite - (0 if high[part] == inf else high[part])
        if _narrow(bounds, part, whole_low - others_high, whole_high - (least - low[part])):
            changed.append(part)
    return changed


def _narrow(bounds: Bounds, cell: int, low: float, high: float) -> bool:
    if low <= bounds.low[cell] and high >= bounds.high[cell]:
        return False
    bounds.low[cell], bounds.high[cell] = max(low, bounds.low[cell]), min(high, bounds.high[cell])
    return True


def apart(bounds: Bounds, sums: Sequence[Sum]) -> Bounds:
    """The bounds that each sum by itself forces, for sums that contradict one another: those that can hold are kept."""
    for each in sums:
        cells = (each.total, *each.parts)
        before = [(bounds.low[cell], bounds.high[cell]) for cell in cells]
        _tighten_one(bounds, each)
        if any(bounds.low[cell] > bounds.high[cell] for cell in cells):
            for cell, (low, high) in zip(cells, before, strict=True):
                bounds.low[cell], bounds.high[cell] = low, high
    return bounds


def components(sums: Iterable[Sum], wanted: Iterable[int], bounds: Bounds) -> list[tuple[list[Sum], bool]]:
    """The sums that hang together through cells that are not known exactly and reach a wanted one; each with whether
    they form a circle."""
    roots: dict[tuple[str, int], tuple[str, int]] = {}
    circles: set[tuple[str, int]] = set()
    listed = list(sums)

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while roots.setdefault(node, node) != node:
            roots[node] = roots[roots[node]]
            node = roots[node]
        return node

    for number, each in enumerate(listed):
        for cell in (each.total, *each.parts):
            if bounds.low[cell] < bounds.high[cell]:
                one, other = root(("sum", number)), root(("cell", cell))
                if one == other:
                    circles.add(one)
                roots[other] = one
    reached = {root(("cell", cell)) for cell in wanted}
    bent = {root(node) for node in circles}
    together: dict[tuple[str, int], list[Sum]] = defaultdict(list)
    for number, each in enumerate(listed):
        if root(("sum", number)) in reached:
            together[root(("sum", number))].append(each)
    return [(group, node in bent) for node, group in together.items()]


def is_given_away(mark: int, low: float, high: float, threshold: int) -> bool:
    """A hidden count that may be small is known to fewer values than the threshold.

    The same protection that the query guard gives to a cell beside its margins. A blank may be no cell at all, so it
    counts only if somebody must be in it.
    """
    may_be_small = low < threshold and (high >= 1 if mark == MARKED else low >= 1)
    return mark != SHOWN and may_be_small and high - low < threshold
