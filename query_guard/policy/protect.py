"""Stage 8: from raw cells to publishable ones. The only reader of a PROTECT step's result.

The promise: a group of fewer than `threshold` people leaves no row, a number that a rule hides leaves no value, no two
answers about nearly the same people differ, margins give no hidden cell away, and no hidden column (contributors, sums
of single people, sketches) goes further.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from governance.disclosure import DisclosureProfile
from query_guard.differencing import AskedColumn
from query_guard.policy.history import History
from query_guard.policy.margins import hide_for_margins
from query_guard.policy.plan import CellPlan, Measure, Protected, Shape, Statistic
from query_guard.policy.release import released_values, round_count
from query_guard.policy.rules import RULES
from query_guard.policy.rules.cells import Cells, Mask, Numbers

_LARGEST_WHOLE = 2.0**62
_HIDDEN = 2  # see relations.states
_EVERYONE = Statistic("", Measure.PEOPLE, "n", "n_p", text="people of the cell")


def protect(plan: CellPlan, raw: pa.Table, profile: DisclosureProfile, history: History) -> Protected:
    """The publishable table of a step: keys k1 ..., `level`, values a1 ... and companions s_a1 ... (0 open, 2 hidden).

    Args:
        plan: made by `plan_query` under the same profile.
        raw: what the locked engine returned for the step.
        profile: the project's disclosure profile.
        history: what has been answered about this data cut before; learns what is answered now.

    Raises:
        ValueError: the plan was made for another threshold.
        KeyError: `raw` lacks a column of the plan. Both are a fault of the guard: the caller must answer nothing.
        Refusal: `too-many-near-questions`.
    """
    if plan.threshold != profile.threshold:
        raise ValueError("the plan was made for another disclosure profile")
    raw = _in_order(plan, raw, profile)
    cells = Cells(raw)
    shown, people = _shown_rows(cells, plan, profile, history)
    asked = [None if _is_settled(s, plan) else _judged(cells, s, profile, shown) for s in plan.statistics]
    settled = [people if column is None else history.settle(column) for column in asked]
    final = hide_for_margins(cells, plan, settled, profile)
    columns: dict[str, pa.ChunkedArray | pa.Array] = {key: raw.column(key) for key in plan.keys}
    if plan.levelled:
        columns["level"] = raw.column("level")
    for statistic, column, values in zip(plan.statistics, asked, final, strict=True):
        if column is not None:
            history.conclude(column, values)
        columns |= _published(statistic, values)
    if not columns:  # ungrouped and without aggregates (SELECT 1 ... HAVING ...): the row itself
        columns = {"row": pa.nulls(cells.size)}
    table = pa.table(columns).filter(pa.array(shown))
    numbers = sum(int(np.count_nonzero(np.isfinite(values[shown]))) for values in final)
    return Protected(table, _countable_rows(cells, shown, profile) if plan.grouped else 0, numbers)


def _in_order(plan: CellPlan, raw: pa.Table, profile: DisclosureProfile) -> pa.Table:
    """Groups that are hidden anyway first, so that asking again finds nothing that was not there the first time; then
    whole cells before their parts: the first of two near sets keeps its value."""
    if not plan.grouped:
        return raw
    few = [people < profile.threshold for people in raw.column("contributors").to_pylist()]
    left_out = raw.column("level").to_pylist() if plan.levelled else [0] * raw.num_rows
    keys = [(not hidden, -int(level).bit_count()) for hidden, level in zip(few, left_out, strict=True)]
    return raw.take(pa.array(sorted(range(raw.num_rows), key=keys.__getitem__), type=pa.int64()))


def _is_settled(statistic: Statistic, plan: CellPlan) -> bool:
    """Whether a statistic is the very count of a group's people by which its row is shown or not."""
    plain = statistic.measure is Measure.PEOPLE and not statistic.conditional and not statistic.branches
    return plan.grouped and not plan.levelled and plain


def _shown_rows(cells: Cells, plan: CellPlan, profile: DisclosureProfile, history: History) -> tuple[Mask, Numbers]:
    """Which groups are shown at all: those whose people may be counted, and that count. The row of a question that does
    not group, and the grand total of one that does, are always there."""
    if not plan.grouped:
        return np.ones(cells.size, dtype=np.bool_), np.full(cells.size, np.nan)
    people = cells.contributors()
    values = np.where(people >= profile.threshold, round_count(people, profile.round_to), np.nan)
    column = AskedColumn(_EVERYONE.series, False, cells.sketch("n_p"), people, values.astype(np.float64))
    published = history.settle(column)
    history.conclude(column, published)
    total = cells.count("level") == (1 << len(plan.keys)) - 1 if plan.levelled else cells.none()
    shown: Mask = np.isfinite(published) | total
    return shown, published


def _judged(cells: Cells, statistic: Statistic, profile: DisclosureProfile, shown: Mask) -> AskedColumn:
    """The values by the rules, and what they rest on."""
    values = released_values(cells, statistic, profile)
    hidden = ~np.isfinite(values) | ~shown
    for rule in RULES:
        hidden |= rule(cells, statistic, profile)
    if statistic.shape is Shape.WHOLE:
        hidden |= np.abs(values) > _LARGEST_WHOLE
    people = cells.people(statistic.prefix) if statistic.conditional else cells.contributors()
    return AskedColumn(
        statistic.series,
        statistic.pairs,
        cells.sketch(statistic.sketch),
        people,
        np.where(hidden, np.nan, values).astype(np.float64),
        cells.sketch(statistic.people_sketch) if statistic.pairs else None,
    )


def _published(statistic: Statistic, values: Numbers) -> dict[str, pa.Array]:
    hidden = ~np.isfinite(values)
    plain: npt.NDArray[np.float64] = np.where(hidden, 0.0, values)
    match statistic.shape:
        case Shape.WHOLE:
            array = pa.array(plain.astype(np.int64), mask=hidden)
        case Shape.MONTH:
            array = pa.array(plain.astype("datetime64[D]"), mask=hidden, type=pa.date32())
        case _:
            array = pa.array(plain, mask=hidden)
    states = np.where(hidden, _HIDDEN, 0).astype(np.int8)
    return {statistic.name: array, f"s_{statistic.name}": pa.array(states)}


def _countable_rows(cells: Cells, shown: Mask, profile: DisclosureProfile) -> int:
    """How many groups are hidden, if at least `threshold` different people are proven to stand behind them, else 0.

    Without that proof the number itself could be about one person (her nine diagnoses, say). The proof is 64 bits per
    group: people share bits but never spread over two, so the bits set in all hidden groups are at most their people.
    """
    union = 0
    for bits in cells.bits("crowd")[~shown]:
        union |= int(bits)
    return int(np.count_nonzero(~shown)) if union.bit_count() >= profile.threshold else 0
