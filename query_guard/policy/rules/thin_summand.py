"""Rule 3: each summand of a measure like `x + 5` must stand by itself; a large constant would hide how thin it is."""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Statistic
from query_guard.policy.rules.cells import Cells, Mask


def thin_summand(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:
    """Hidden where a summand is non-zero for too few people, or is a flag (0 and one other value): `sum(1000 * flag
    + 1)` would otherwise count the flag without rounding."""
    hidden = cells.none()
    for guard in statistic.guards:
        hidden |= (cells.people(guard) < profile.threshold) | cells.two_valued(guard)
    return hidden
