"""The numbers that are released, once the rules have let a cell through. Each is made of published counts of people.

A count of rows or of different values is `what a person has on average x published count of people`. Rounding it by
itself would not do: with five rows of everybody, rows rounded to 5 are the exact number of people. A sum is `mean x
published count of rows`: where values differ little (ages, years), a sum divided by a typical value would be the exact
number of people, and with `sum(x + 1000000)` it always would. Made this way they tell no more of how many people there
are than the count of people does.

What is 0 adds nothing to a sum, so a sum is that of the rows with another value, and a mean is the sum by the published
count of all rows. A mean of ones and zeros is then a count by a count.
"""

from __future__ import annotations

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.policy.people import SettledPeople
from query_guard.policy.plan import Measure, Shape, Statistic
from query_guard.policy.rounding import STABLE_FIGURES, round_count, round_figures
from query_guard.policy.row_counts import shared_rows
from query_guard.policy.rules.cells import Cells, Counts, Numbers


def released_values(cells: Cells, statistic: Statistic, people: SettledPeople, profile: DisclosureProfile) -> Numbers:
    """The statistic's value for every cell (also for those that the rules hide); NaN where there is none.

    Dates are days since 1970, cut to the first of their month.
    """
    prefix = statistic.prefix
    behind = cells.there(statistic)
    published = people.of(statistic.people_sketch, behind)
    match statistic.measure:
        case Measure.PEOPLE:
            return published
        case Measure.ROWS:
            rows = shared_rows(cells, f"{prefix}_counts", cells.number(f"{prefix}_total"), profile)
            return round_count(_moved(rows, published, behind), profile.round_to)
        case Measure.DISTINCT:
            return round_count(_moved(cells.number(f"{prefix}_count"), published, behind), profile.round_to)
        case Measure.SUM:
            return _sum(cells, statistic, people, profile)
        case Measure.MEAN:
            return _mean(cells, statistic, people, profile)
    values = _described(cells, statistic, profile)
    return np.asarray(np.where(np.isfinite(published), values, np.nan), dtype=np.float64)


def _moved(number: Numbers, published: Numbers, people: Counts) -> Numbers:
    """A number of the true people as one of the published."""
    with np.errstate(all="ignore"):
        return np.asarray(number * published / people, dtype=np.float64)


def _sum(cells: Cells, statistic: Statistic, people: SettledPeople, profile: DisclosureProfile) -> Numbers:
    total = _total(cells, statistic, people, profile)
    if statistic.tally:
        return total
    moved = statistic.origin * _rows(cells, statistic, people, profile) if statistic.origin else 0.0
    return round_figures(total, profile.significant_figures) + moved


def _mean(cells: Cells, statistic: Statistic, people: SettledPeople, profile: DisclosureProfile) -> Numbers:
    with np.errstate(all="ignore"):
        mean = _total(cells, statistic, people, profile) / _rows(cells, statistic, people, profile)
    return round_figures(np.asarray(mean, dtype=np.float64), profile.significant_figures) + statistic.origin


def _total(cells: Cells, statistic: Statistic, people: SettledPeople, profile: DisclosureProfile) -> Numbers:
    """What rows with another value than 0 have on average, by the published count of them. A sum of counts is a
    count."""
    prefix = statistic.prefix
    if statistic.tally:
        return _counted(cells, statistic, people, f"{prefix}_sum_counts", f"{prefix}_total", profile)
    with np.errstate(all="ignore"):
        each = round_figures(cells.number(f"{prefix}_total") / cells.number(f"{prefix}_some_rows"), STABLE_FIGURES)
    return each * _counted(cells, statistic, people, f"{prefix}_some_counts", f"{prefix}_some_rows", profile)


def _counted(
    cells: Cells, statistic: Statistic, people: SettledPeople, spread: str, total: str, profile: DisclosureProfile
) -> Numbers:
    """A count over the people who have another value than 0: of their rows, or of the records that they sum up."""
    some = cells.people(statistic.prefix)
    rows = shared_rows(cells, spread, cells.number(total), profile)
    return round_count(_moved(rows, people.of(f"{statistic.prefix}_z", some), some), profile.round_to)


def _rows(cells: Cells, statistic: Statistic, people: SettledPeople, profile: DisclosureProfile) -> Numbers:
    """Rows with a value."""
    prefix, there = statistic.prefix, cells.there(statistic)
    rows = shared_rows(cells, f"{prefix}_counts", cells.number(f"{prefix}_rows"), profile)
    return round_count(_moved(rows, people.of(statistic.people_sketch, there), there), profile.round_to)


def _described(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Numbers:
    """Extremes, quantiles, spreads and pairs, as coarse as they leave."""
    prefix = statistic.prefix
    if statistic.measure in (Measure.LOWEST, Measure.HIGHEST):
        return _shaped(cells.innermost_end(f"{prefix}_ends", profile.threshold), statistic.shape, profile)
    values = cells.measured(f"{prefix}_value")
    if not statistic.spreads_counts:
        return _shaped(values, statistic.shape, profile)
    # The spread of a count tells how many have how much, so it has one figure less; and those few who have none show in
    # it, so it is that of the others.
    few = cells.count(f"{prefix}_none") < profile.threshold
    values = np.where(few, cells.measured(f"{prefix}_some_value"), values)
    return round_figures(_shaped(values, statistic.shape, profile), profile.significant_figures - 1)


def _shaped(values: Numbers, shape: Shape, profile: DisclosureProfile) -> Numbers:
    """A number that describes a distribution, as coarse as it leaves."""
    stable = round_figures(values, STABLE_FIGURES)
    if shape is Shape.FIGURES:
        return round_figures(stable, profile.significant_figures)
    if shape is Shape.WHOLE:
        return np.asarray(np.rint(stable), dtype=np.float64)
    safe = np.where(np.isfinite(stable), stable, 0).astype("datetime64[D]")
    months = safe.astype("datetime64[M]").astype("datetime64[D]").astype(np.float64)
    return np.asarray(np.where(np.isfinite(stable), months, np.nan), dtype=np.float64)
