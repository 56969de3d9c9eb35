"""Builds extracts anew where something is newer, each by the command that an operator would type.

Promise: a project whose extract cannot be built does not keep the others from theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from governance.registry.keeper import DutyWarning
from intake.keeper.children import Ran
from intake.keeper.ground import DutyFailed, Ground

RETRY_MINUTES = 60


def refresh(ground: Ground, projects: Iterable[str]) -> None:
    """One after the other: each may take all the memory that the intake is given. Raises DutyFailed with the rest."""
    failed: list[DutyWarning] = []
    for project in projects:
        ran = ground.run(ground.settings, ("extract", "refresh", project, "--json"))
        if ran.status:
            failed.append(_tell(project, ran))
    if failed:
        raise DutyFailed(*failed)


def _tell(project: str, ran: Ran) -> DutyWarning:
    """The reason in the words of the refusal; of anything else only that it failed."""
    try:
        (found,) = json.loads(ran.output)
        why = f"{project}: {found['why']}"
    except (ValueError, KeyError, TypeError):
        why = f"The extract of {project} could not be built."
    return DutyWarning("extract-not-refreshed", why, f"By hand: sde extract refresh {project}.")
