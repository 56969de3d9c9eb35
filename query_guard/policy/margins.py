"""Margins in one answer: with grouping sets a hidden cell may follow from the others; `query_guard.margins` audits.

Numbers that tell of one another (rows and people of one condition, a sum and its mean) are hidden together.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.policy.people import SettledPeople
from query_guard.policy.plan import CellPlan, Measure, Statistic
from query_guard.policy.rounding import round_figures
from query_guard.policy.rules.cells import Cells, Counts, Mask, Numbers

if TYPE_CHECKING:
    from query_guard.margins import MarginTable

_COUNTS = (Measure.ROWS, Measure.PEOPLE, Measure.DISTINCT)


def hide_for_margins(
    cells: Cells, plan: CellPlan, settled: list[Numbers], people: SettledPeople, profile: DisclosureProfile
) -> list[Numbers]:
    """The values of every statistic, with every cell hidden that would give another hidden one away."""
    if not plan.levelled or not plan.statistics:
        return settled
    levels, keys = _places(cells, plan)
    doubt = _doubt(levels, keys, people.everyone, profile)
    together: dict[str, list[int]] = defaultdict(list)
    for place, statistic in enumerate(plan.statistics):
        together[statistic.prefix].append(place)
    final = list(settled)
    for places in together.values():
        columns = [(plan.statistics[place], settled[place]) for place in places]
        tables = [_table(cells, (levels, keys), one, values, doubt, profile) for one, values in columns]
        hidden = _hidden(cells, [values for _, values in columns], [one for one in tables if one is not None])
        for place in places:
            final[place] = np.where(hidden, np.nan, settled[place])
    return final


def _places(cells: Cells, plan: CellPlan) -> tuple[Counts, Counts]:
    """Level and keys of each cell, -1 for a key that is left out."""
    levels, keys = cells.count("level"), cells.keys(plan.keys)
    for place in range(len(plan.keys)):
        keys[(levels >> place) & 1 == 1, place] = -1
    return levels, keys


def _doubt(levels: Counts, keys: Counts, everyone: Numbers, profile: DisclosureProfile) -> Numbers:
    """(cells,), by how many people a reader must reckon a true count to be off: half the rounding base, and where a
    coarser cell has the same count nearly a threshold more, since one of the two was given the other's."""
    doubt = np.full(len(levels), profile.round_to / 2)
    for coarser in np.unique(levels):
        counts = {tuple(keys[at]): everyone[at] for at in np.flatnonzero(levels == coarser)}
        left_out = (coarser >> np.arange(keys.shape[1])) & 1 == 1
        for at in np.flatnonzero((levels & coarser == levels) & (levels != coarser)):
            if counts.get(tuple(np.where(left_out, -1, keys[at]))) == everyone[at]:
                doubt[at] = profile.threshold - 1 + profile.round_to / 2
    return doubt


def _hidden(cells: Cells, values: list[Numbers], audited: list[tuple[MarginTable, Numbers]]) -> Mask:
    from query_guard.margins import hide_together  # half a second, which only answers with margins need

    hidden = np.logical_or.reduce([~np.isfinite(one) for one in values])
    if not audited or not hidden.any():
        return cells.none()
    mask: Mask = hide_together([table for table, _ in audited], [protection for _, protection in audited])
    return mask


def _table(
    cells: Cells,
    places: tuple[Counts, Counts],
    statistic: Statistic,
    values: Numbers,
    doubt: Numbers,
    profile: DisclosureProfile,
) -> tuple[MarginTable, Numbers] | None:
    """The statistic as the audit sees it, and how much doubt its hidden cells need; None for what has no margins."""
    from query_guard.margins import MarginTable, protection_of_counts, protection_of_sums

    true = _true_values(cells, statistic)
    if true is None:
        return None
    counts = statistic.measure in _COUNTS or statistic.tally
    known = np.where(np.isfinite(values), values, true)
    people = np.maximum(cells.people(statistic.prefix), 1)
    half = doubt
    if statistic.measure is not Measure.PEOPLE:  # made of a count of people: off as it is, and rounded once more
        again = np.full(cells.size, profile.round_to / 2) if counts else _half_figure(known, profile)
        half = again + np.abs(known) / people * doubt
    table = MarginTable(
        levels=places[0],
        keys=places[1],
        published=values,
        true=true,
        half_widths=np.maximum(half, np.abs(true - known)),
        additive=statistic.measure not in (Measure.PEOPLE, Measure.DISTINCT),
        whole=counts,
        least_published=float(profile.threshold) if statistic.measure is Measure.PEOPLE else 0.0,
        nonnegative=bool((true >= 0).all()),
    )
    if counts:
        return table, protection_of_counts(cells.size, profile)
    largest = cells.top(f"{statistic.prefix}_top")[:, 0]
    return table, protection_of_sums(true, people.astype(np.float64), largest, profile)


def _true_values(cells: Cells, statistic: Statistic) -> Numbers | None:
    prefix = statistic.prefix
    match statistic.measure:
        case Measure.PEOPLE:
            return cells.people(prefix).astype(np.float64)
        case Measure.ROWS | Measure.SUM:
            return cells.number(f"{prefix}_total")
        case Measure.DISTINCT:
            return cells.number(f"{prefix}_count")
    return None


def _half_figure(values: Numbers, profile: DisclosureProfile) -> Numbers:
    """Half a unit of a number's last significant figure."""
    size = np.abs(round_figures(values, profile.significant_figures))
    with np.errstate(all="ignore"):
        half: Numbers = np.where(
            size > 0, 10.0 ** (np.floor(np.log10(size)) - profile.significant_figures + 1) / 2, 0.0
        )
    return half
