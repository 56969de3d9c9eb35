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
from query_guard.policy.grounds import grounds_of
from query_guard.policy.history import History
from query_guard.policy.margins import hide_for_margins
from query_guard.policy.people import SettledPeople, take_small
from query_guard.policy.plan import CellPlan, Protected, Shape, Statistic
from query_guard.policy.rules.cells import Cells, Mask, Numbers
from query_guard.policy.settlement import Settlement

_HIDDEN = 2  # see relations.states


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
    raw, small = take_small(raw)
    raw = _in_order(plan, raw, profile)
    cells = Cells(raw)
    people = SettledPeople(cells, profile, history)
    shown = _shown_rows(cells, plan, people)
    settlement = Settlement(cells, profile, history, people, shown)
    settled = [settlement.of(statistic) for statistic in plan.statistics]
    final = hide_for_margins(cells, plan, settled, people, profile)
    settlement.conclude(plan.statistics, final)
    columns: dict[str, pa.ChunkedArray | pa.Array] = {key: raw.column(key) for key in plan.keys}
    if plan.levelled:
        columns["level"] = raw.column("level")
    for statistic, values in zip(plan.statistics, final, strict=True):
        columns |= _published(statistic, values)
    if not columns:  # ungrouped and without aggregates (SELECT 1 ... HAVING ...): the row itself
        columns = {"row": pa.nulls(cells.size)}
    numbers = sum(int(np.count_nonzero(np.isfinite(values[shown]))) for values in final)
    suppressed = people.groups_hidden(shown, small) if plan.grouped else 0
    table = pa.table(columns).filter(pa.array(shown))
    return Protected(table, suppressed, numbers, grounds_of(cells, plan, table, shown))


def _in_order(plan: CellPlan, raw: pa.Table, profile: DisclosureProfile) -> pa.Table:
    """Groups that are hidden anyway first, so that asking again finds nothing that was not there the first time; then
    whole cells before their parts: the first of two near sets keeps its value. Among equals by their keys: the engine's
    own order changes from run to run."""
    if not plan.grouped:
        return raw
    names = (*plan.keys, "level") if plan.levelled else plan.keys
    raw = raw.sort_by([(name, "ascending") for name in names])
    few = [people < profile.threshold for people in raw.column("contributors").to_pylist()]
    left_out = raw.column("level").to_pylist() if plan.levelled else [0] * raw.num_rows
    keys = [(not hidden, -int(level).bit_count()) for hidden, level in zip(few, left_out, strict=True)]
    return raw.take(pa.array(sorted(range(raw.num_rows), key=keys.__getitem__), type=pa.int64()))


def _shown_rows(cells: Cells, plan: CellPlan, people: SettledPeople) -> Mask:
    """Which groups are shown at all: those whose people may be counted. The row of a question that does not group, and
    the grand total of one that does, are always there."""
    if not plan.grouped:
        return np.ones(cells.size, dtype=np.bool_)
    total = cells.count("level") == (1 << len(plan.keys)) - 1 if plan.levelled else cells.none()
    shown: Mask = np.isfinite(people.everyone) | total
    return shown


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
