"""Rule 3: each outcome of a CASE or FILTER inside a sum or mean is an outcome of nobody or of at least `threshold`
people."""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Statistic
from query_guard.policy.rules.cells import Cells, Mask


def small_branch(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """An outcome that adds to the number needs its people as a count does (none is too few); the others are
    complements."""
    hidden = cells.none()
    for branch in statistic.branches:
        people = cells.people(branch.prefix)
        few = people < profile.threshold
        hidden |= few if branch.counts else few & (people > 0)
    return hidden
