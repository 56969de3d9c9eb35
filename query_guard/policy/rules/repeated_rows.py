"""Rule 4: reference tables do not weigh people: where a join repeats people's rows, row counts, sums and means are
hidden."""

from __future__ import annotations

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Statistic
from query_guard.policy.rules.cells import Cells, Mask


def repeated_rows(cells: Cells, statistic: Statistic, profile: DisclosureProfile) -> Mask:  # noqa: ARG001
    """Hidden where a reference table holds a join key more than once within one group (see `relations.repeats`)."""
    hidden = cells.none()
    for column in statistic.repeats:
        hidden |= cells.count(column) > 1
    return hidden
