"""The numbers that are released, once the rules have let a cell through.

Counts are rounded half up to the profile's base (12 -> 10, 13 -> 15 for base 5).

Sums and means: rounding a sum to three figures does not protect the count behind it. Where values differ little
(ages, heights, years) `sum / typical value` gives the exact number of people; `sum(x + 1000000)` gives it always.
So the mean is taken first, and the sum is published as mean x *rounded* count: then a sum tells no more about the
count than the count's own released value, `avg(x)` = `sum(x) / count(x)` holds in every answer, and with rounding
off (base 1) both are the plain three figures. The count used is that of the values present, or of all rows where
the missing ones belong to fewer people than the threshold, because count(x) itself is hidden then.
"""

from __future__ import annotations

import numpy as np

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Measure, Shape, Statistic
from query_guard.policy.rules.cells import Cells, Counts, Numbers

_STABLE_FIGURES = 12  # sums in another order differ beyond these: cut first, so that repeats give one answer


def released_values(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Numbers:
    """The statistic's value for every cell (also for those that the rules hide); NaN where there is none.

    Dates are days since 1970, cut to the first of their month.
    """
    prefix, base = statistic.prefix, profile.round_to
    match statistic.measure:
        case Measure.PEOPLE:
            return _as_numbers(round_count(cells.people(prefix), base))
        case Measure.ROWS:
            return _as_numbers(round_count(cells.count(f"{prefix}_total"), base))
        case Measure.DISTINCT:
            return _as_numbers(round_count(cells.count(f"{prefix}_count"), base))
        case Measure.LOWEST | Measure.HIGHEST:
            return _shaped(cells.innermost_end(f"{prefix}_ends", profile.threshold), statistic.shape, profile)
        case Measure.QUANTILE | Measure.SPREAD | Measure.PAIR:
            return _described(cells.measured(f"{prefix}_value"), statistic, profile)
    return _tally(cells, statistic, profile) if statistic.tally else _quantity(cells, statistic, profile)


def _described(values: Numbers, statistic: Statistic, profile: DisclosureProfile) -> Numbers:
    """A spread of counts tells how many people have how much: one figure less."""
    shaped = _shaped(values, statistic.shape, profile)
    counted = statistic.measure is not Measure.QUANTILE and (statistic.tally or statistic.cased)
    return round_figures(shaped, profile.significant_figures - 1) if counted else shaped


def _shaped(values: Numbers, shape: Shape, profile: DisclosureProfile) -> Numbers:
    """A number that describes a distribution, as coarse as it leaves."""
    stable = round_figures(values, _STABLE_FIGURES)
    if shape is Shape.FIGURES:
        return round_figures(stable, profile.significant_figures)
    if shape is Shape.WHOLE:
        return np.asarray(np.rint(stable), dtype=np.float64)
    safe = np.where(np.isfinite(stable), stable, 0).astype("datetime64[D]")
    months = safe.astype("datetime64[M]").astype("datetime64[D]").astype(np.float64)
    return np.asarray(np.where(np.isfinite(stable), months, np.nan), dtype=np.float64)


def _tally(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Numbers:
    """A sum of counts is a count and is rounded like one; the mean is made of rounded numbers only."""
    total = round_count(np.rint(cells.number(f"{statistic.prefix}_total")).astype(np.int64), profile.round_to)
    if statistic.measure is Measure.SUM:
        return _as_numbers(total)
    with np.errstate(all="ignore"):
        mean = total / round_count(cells.count(f"{statistic.prefix}_rows"), profile.round_to)
    return round_figures(np.asarray(mean, dtype=np.float64), profile.significant_figures)


def round_count(counts: Counts, base: int) -> Counts:
    """Half up to a multiple of `base`; counts are never negative."""
    rounded: Counts = (2 * counts + base) // (2 * base) * base
    return rounded


def round_figures(values: Numbers, figures: int) -> Numbers:
    """To so many significant figures."""
    safe = np.where((values == 0) | ~np.isfinite(values), 1.0, values)
    place = figures - 1 - np.floor(np.log10(np.abs(safe))).astype(np.int64)
    with np.errstate(all="ignore"):
        up, down = np.power(10.0, np.maximum(place, 0)), np.power(10.0, np.maximum(-place, 0))
        rounded = np.rint(values * up / down) / up * down
    return np.asarray(np.where(np.isfinite(rounded), rounded, np.nan), dtype=np.float64)


def _as_numbers(counts: Counts) -> Numbers:
    return counts.astype(np.float64)


def _quantity(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Numbers:
    prefix, base = statistic.prefix, profile.round_to
    present, missing = cells.count(f"{prefix}_rows"), cells.count(f"{prefix}_missing")
    few_missing = (missing > 0) & (missing < profile.threshold)
    counted = round_count(np.where(few_missing, cells.count("n_total"), present), base)
    with np.errstate(all="ignore"):
        mean = round_figures(cells.number(f"{prefix}_total") / present, _STABLE_FIGURES)
        # Zero and one other value: a count in disguise, released as that value times the rounded count.
        ones = round_count(present - cells.count(f"{prefix}_zero_rows"), base)
        sums = np.where(cells.two_valued(prefix), cells.number(f"{prefix}_high") * ones, mean * counted)
        values = sums if statistic.measure is Measure.SUM else sums / counted
    return round_figures(values, profile.significant_figures)
