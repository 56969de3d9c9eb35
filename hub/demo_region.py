"""The demonstration's region: a small synthetic one is made, taken in by the commands a steward would type, and cut to
its projects.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

Run = Callable[..., str]  # one `sde` command of another room; what it printed
Tell = Callable[[str], None]

PEOPLE, SEED = "20000", "1"
OPT_OUTS, ANSWER = "optouts", "answer.dat"


@dataclass(frozen=True)
class DemoCohort:
    """Whose records one project's extract holds: further arguments of `sde grant cohort`; none means everybody."""

    project: str
    arguments: tuple[str, ...] = ()


#: One project for each purpose, so that other opt-outs act on each.
COHORTS: tuple[DemoCohort, ...] = (
    # People with type 2 diabetes (201826).
    DemoCohort("diabetes-care", ("--condition", "condition_occurrence.condition_concept_id=201826")),
    DemoCohort("winter-pressure"),
    DemoCohort("dementia-nation", ("--born-before", "1965")),
)


def load_region(run: Run, place: Path, projects: Collection[str], tell: Tell) -> None:
    """Make the region if there is none yet, then the extracts of these projects. Idempotent: an interrupted loading
    goes on where it stopped, because the same people make the same deliveries.

    Args:
        run: runs one `sde` command on the gateway's state.
        place: where the synthetic region lies until it has been taken in.
    """
    with tempfile.TemporaryDirectory(prefix=".synthetic-", dir=place) as folder:
        region = Path(folder) / "region"
        tell(f"six feeds of {int(PEOPLE):,} people")
        run("synth", "--people", PEOPLE, "--seed", SEED, "--out", str(region))
        if not json.loads(run("region", "list", "--json")):
            _take_in(run, region, tell)
        tell("national opt-outs")
        request, answer = Path(folder) / "request.dat", Path(folder) / ANSWER
        run("optout", "check-export", "--out", str(request))
        run("synth", "answer", str(request), str(region), str(answer))
        run("optout", "check-import", str(answer))
    for cohort in COHORTS:
        if cohort.project in projects:
            tell(f"data of {cohort.project}")
            if cohort.arguments:
                run("grant", "cohort", cohort.project, *cohort.arguments)
            run("extract", "build", cohort.project)


def _take_in(run: Run, region: Path, tell: Tell) -> None:
    tell("six feeds land")
    run("delivery", "collect", str(region))
    for file in sorted((region / OPT_OUTS).glob("*.csv")):
        run("optout", "load", str(file))
    run("vocabulary", "load", str(region / "vocabulary"))  # how deprived each area is
    tell("one record for each person")
    run("region", "build")
