"""Margins in one answer: with grouping sets a hidden cell may follow from the others; `query_guard.margins` audits.

Numbers that tell of one another (rows and people of one condition, a sum and its mean) are hidden together.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import CellPlan, Measure, Statistic
from query_guard.policy.release import round_figures
from query_guard.policy.rules.cells import Cells, Mask, Numbers

if TYPE_CHECKING:
    from query_guard.margins import MarginTable

_COUNTS = (Measure.ROWS, Measure.PEOPLE, Measure.DISTINCT)


def hide_for_margins(cells: Cells, plan: CellPlan, settled: list[Numbers], profile: DisclosureProfile) -> list[Numbers]:
    """The values of every statistic, with every cell hidden that would give another hidden one away."""
    if not plan.levelled or not plan.statistics:
        return settled
    together: dict[str, list[int]] = defaultdict(list)
    for place, statistic in enumerate(plan.statistics):
        together[statistic.prefix].append(place)
    final = list(settled)
    for places in together.values():
        hidden = _hidden(cells, plan, [(plan.statistics[place], settled[place]) for place in places], profile)
        for place in places:
            final[place] = np.where(hidden, np.nan, settled[place])
    return final


def _hidden(cells: Cells, plan: CellPlan, columns: list[tuple[Statistic, Numbers]], profile: DisclosureProfile) -> Mask:
    from query_guard.margins import hide_together  # half a second, which only answers with margins need

    made = [_table(cells, plan, statistic, values, profile) for statistic, values in columns]
    audited = [one for one in made if one is not None]
    hidden = np.logical_or.reduce([~np.isfinite(values) for _, values in columns]) if audited else cells.none()
    if not audited or not hidden.any():
        return cells.none()
    mask: Mask = hide_together([table for table, _ in audited], [protection for _, protection in audited])
    return mask


def _table(
    cells: Cells, plan: CellPlan, statistic: Statistic, values: Numbers, profile: DisclosureProfile
) -> tuple[MarginTable, Numbers] | None:
    """The statistic as the audit sees it, and how much doubt its hidden cells need; None for what has no margins."""
    from query_guard.margins import MarginTable, protection_of_counts, protection_of_sums

    true = _true_values(cells, statistic)
    if true is None:
        return None
    counts = statistic.measure in _COUNTS or statistic.tally
    known = np.where(np.isfinite(values), values, true)
    half = profile.round_to / 2 if counts else _half_unit(known, cells, statistic, profile)
    levels = cells.count("level")
    keys = cells.keys(plan.keys)
    for place in range(len(plan.keys)):
        keys[(levels >> place) & 1 == 1, place] = -1
    table = MarginTable(
        levels=levels,
        keys=keys,
        published=values,
        true=true,
        half_widths=np.maximum(half, np.abs(true - known)),
        additive=statistic.measure not in (Measure.PEOPLE, Measure.DISTINCT),
        whole=counts,
        least_published=float(profile.threshold) if statistic.measure is not Measure.SUM else 0.0,
        nonnegative=bool((true >= 0).all()),
    )
    if counts:
        return table, protection_of_counts(cells.size, profile)
    people = cells.people(statistic.prefix).astype(np.float64)
    largest = cells.top(f"{statistic.prefix}_top")[:, 0]
    return table, protection_of_sums(true, people, largest, profile)


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


def _half_unit(values: Numbers, cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Numbers:
    """How far a published sum may be from the true one: half a unit of its last figure, and what the rounded count of
    rows moves it (`release`)."""
    rows = np.maximum(cells.number(f"{statistic.prefix}_rows"), 1)
    size = np.abs(round_figures(values, profile.significant_figures))
    with np.errstate(all="ignore"):
        unit = np.where(size > 0, 10.0 ** (np.floor(np.log10(size)) - profile.significant_figures + 1), 0.0)
    half: Numbers = unit / 2 + np.abs(values) / rows * profile.round_to / 2
    return half
