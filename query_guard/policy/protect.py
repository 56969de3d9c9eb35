"""Stage 8: from raw cells to publishable ones. The only reader of the inner query's result.

The promise: a group of fewer than `threshold` people leaves no row, a number that a rule hides leaves no value, and
no hidden column (contributors, sums of single people) goes further.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Flow, Plan, Protected, Statistic
from query_guard.policy.release import released_values
from query_guard.policy.rules import RULES
from query_guard.policy.rules.cells import Cells, Mask

_LARGEST_WHOLE = 2.0**62


def protect(plan: Plan, raw: pa.Table, profile: DisclosureProfile) -> Protected:
    """The protected table of a plan: keys k1 ..., values a1 ... and companions s_a1 ... (boolean, never null).

    Args:
        plan: made by `plan_query` under the same profile.
        raw: what the locked engine returned for `plan.inner.sql`.
        profile: the project's disclosure profile.

    Raises:
        ValueError: the plan was made for another threshold.
        KeyError: `raw` lacks a column of the plan. Both mean a fault of the guard: the caller must answer nothing.
    """
    if plan.flow is Flow.PUBLIC:
        return Protected(raw, 0)
    if plan.threshold != profile.threshold:
        raise ValueError("the plan was made for another disclosure profile")
    cells = Cells(raw)
    kept = cells.contributors() >= profile.threshold if plan.inner.grouped else np.ones(cells.size, dtype=np.bool_)
    columns: dict[str, pa.ChunkedArray | pa.Array] = {key: raw.column(key) for key in plan.inner.keys}
    for statistic in plan.inner.statistics:
        columns |= _protected_columns(cells, statistic, profile)
    if not columns:  # ungrouped and without aggregates (SELECT 1 ... HAVING ...): the row itself
        columns = {"row": pa.nulls(cells.size)}
    table = pa.table(columns).filter(pa.array(kept))
    return Protected(table, _countable_rows(cells, kept, profile) if plan.inner.grouped else 0)


def _protected_columns(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> dict[str, pa.Array]:
    values = released_values(cells, statistic, profile)
    hidden = ~np.isfinite(values)
    for rule in RULES:
        hidden |= rule(cells, statistic, profile)
    if statistic.whole:
        hidden |= np.abs(values) > _LARGEST_WHOLE
        whole = np.where(hidden, 0, values).astype(np.int64)
        array = pa.array(whole, mask=hidden)
    else:
        array = pa.array(np.where(hidden, 0.0, values), mask=hidden)
    return {statistic.name: array, f"s_{statistic.name}": pa.array(hidden)}


def _countable_rows(cells: Cells, kept: Mask, profile: DisclosureProfile) -> int:
    """How many groups are hidden, if at least `threshold` different people are proven to stand behind them, else 0.

    Without that proof the number itself could be about one person (her nine diagnoses, say). The proof is a 64-bit
    sketch per
    group: people share bits but never spread over two, so the bits set in all hidden groups are at most their people.
    """
    union = 0
    for sketch in cells.bits("sketch")[~kept]:
        union |= int(sketch)
    return int(np.count_nonzero(~kept)) if union.bit_count() >= profile.threshold else 0
