"""Builds extracts anew that are behind, each by the command that an operator would type.

Promise: a project whose extract cannot be built does not keep the others from theirs.
"""

from __future__ import annotations

from collections.abc import Iterable

from governance.registry.keeper import DutyWarning
from intake.keeper.freshness import Behind
from intake.keeper.ground import DutyFailed, Ground

RETRY_MINUTES = 60


def refresh(ground: Ground, behind: Iterable[Behind]) -> None:
    """One after the other: each may take all the memory that the intake is given. Raises DutyFailed with the rest."""
    failed: list[DutyWarning] = []
    for project in behind:
        told = ground.run(ground.settings, ("extract", "refresh", project.project))
        if told is not None:
            failed.append(told)
    if failed:
        raise DutyFailed(*failed)
