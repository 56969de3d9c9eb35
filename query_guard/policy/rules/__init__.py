"""The disclosure rules of stage 8, in order. A cell is hidden when one of them says so. A new rule goes into its
own file and into this tuple."""

from __future__ import annotations

from collections.abc import Callable

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Statistic
from query_guard.policy.rules.cells import Cells, Mask
from query_guard.policy.rules.copied_rows import copied_rows
from query_guard.policy.rules.counted_spread import counted_spread
from query_guard.policy.rules.crowded_share import crowded_share
from query_guard.policy.rules.dominated_cell import dominated_cell
from query_guard.policy.rules.few_contributors import few_contributors
from query_guard.policy.rules.few_degrees import few_degrees
from query_guard.policy.rules.made_agreement import made_agreement
from query_guard.policy.rules.repeated_rows import repeated_rows
from query_guard.policy.rules.thin_summand import thin_summand
from query_guard.policy.rules.thin_tail import thin_tail

RULES: tuple[Callable[[Cells, Statistic, DisclosureProfile], Mask], ...] = (
    few_contributors,
    dominated_cell,
    thin_summand,
    repeated_rows,
    thin_tail,
    few_degrees,
    crowded_share,
    counted_spread,
    copied_rows,
    made_agreement,
)
