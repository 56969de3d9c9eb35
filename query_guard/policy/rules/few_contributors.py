"""Rule 1: a number rests on at least `threshold` people: those of the cell, of the counted condition, of the
non-zero values."""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Statistic
from query_guard.policy.rules.cells import Cells, Mask


def few_contributors(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden iff contributors < threshold. An empty cell (no contributors) is hidden too: a true zero and a hidden
    count must not look alike, and telling "nobody" from "somebody" is telling about somebody."""
    hidden: Mask = cells.contributors() < profile.threshold
    return hidden | (cells.people(statistic.prefix) < profile.threshold)
