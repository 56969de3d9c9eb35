"""How many identities of a synthetic region are linked to the right person, by feed, rank and planted fault.

    python -m benchmarks.linkage [PEOPLE] [SEED]

Goal: of the links, 0.999 name the right person. The region is made, landed and linked as a real one would be; the
truth is the generator's own and no other step sees it. Recall is given for each kind of fault, because a mean hides
what fails: feeds without names cannot link a record without a number, and are not meant to. Times are
processor seconds of this process, in which the engine works too, so that a busy machine changes them little; the link
step is given beside a bare copy of all staged rows from Parquet to Parquet. A small region pays Splink's fixed second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from governance.registry import initialise
from governance.registry.deliveries import DeliveryView
from governance.settings import Settings
from intake.linkage import link_people
from intake.linkage.rules import NOBODY, RULES
from intake.places import IntakePlaces
from tests.support.link_scores import Score, land_region, score_links, total

PEOPLE, SEED = 20_000, 1969
GOAL_PRECISION = 0.999


def main(people: int = PEOPLE, seed: int = SEED) -> None:
    """Make, land, link, score, print. Exits with 1 if the goal is missed."""
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="linkage-") as folder:
        settings = Settings(state=Path(folder) / "state")
        deliveries = land_region(settings, initialise(settings), people, seed, Path(folder) / "region")
        watch = _Watch()
        report = link_people(settings, deliveries, progress=watch)
        seconds, copy = watch.end(), _bare_copy(settings, deliveries, Path(folder) / "copy")
        scores = score_links(settings, Path(folder) / "region" / "truth")
    console.print(_ranks(scores))
    console.print(_faults(scores))
    console.print(f"{people:,} people, {report.identities:,} identities, {report.newcomers:,} people of no practice")
    splink = watch.of("rule 4")
    console.print(f"linked in {seconds:.1f} processor seconds, of that Splink's rule {splink:.1f} s; ", end="")
    console.print(f"a bare copy of all staged rows takes {copy:.1f} s (ratio {seconds / copy:.2f})")
    _, right, wrong = total(scores)
    precision = right / max(1, right + wrong)
    console.print(f"precision {precision:.5f}; goal {GOAL_PRECISION}")
    if precision < GOAL_PRECISION:
        sys.exit(1)


class _Watch:
    """Processor seconds of each step of linking."""

    def __init__(self) -> None:
        self._began = self._last = time.process_time()
        self._step = ""
        self._steps: dict[str, float] = {}

    def __call__(self, what: str, _done: int, _steps: int) -> None:
        moment = time.process_time()
        self._steps[self._step] = moment - self._last
        self._step, self._last = what, moment

    def end(self) -> float:
        self("", 0, 0)
        return self._last - self._began

    def of(self, beginning: str) -> float:
        return sum(seconds for step, seconds in self._steps.items() if step.startswith(beginning))


def _ranks(scores: Sequence[Score]) -> Table:
    table = Table(title="Links by rank")
    for heading in ("rank", "rule", "identities", "right", "wrong", "precision"):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    names = {rule.rank: rule.name for rule in RULES} | {NOBODY: "nobody"}
    for rank, name in names.items():
        identities, right, wrong = total(list(scores), lambda score, rank=rank: score.rank == rank)
        precision = f"{right / (right + wrong):.5f}" if right + wrong else ""
        table.add_row(str(rank), name, f"{identities:,}", f"{right:,}", f"{wrong:,}", precision)
    return table


def _faults(scores: Sequence[Score]) -> Table:
    table = Table(title="What became of each kind of fault")
    for heading in ("feed", "fault", "identities", "right", "wrong", "recall", "by rank 1..5"):
        table.add_column(heading, justify="left" if heading in ("feed", "fault") else "right")
    for feed, fault in sorted({(score.feed, score.fault) for score in scores}):
        chosen = [score for score in scores if (score.feed, score.fault) == (feed, fault)]
        identities, right, wrong = total(chosen)
        ranks = {score.rank: score.identities for score in chosen}
        counts = " ".join(f"{ranks.get(rank, 0):,}" for rank in range(1, NOBODY + 1))
        table.add_row(feed, fault, f"{identities:,}", f"{right:,}", f"{wrong:,}", f"{right / identities:.4f}", counts)
    return table


def _bare_copy(settings: Settings, deliveries: Sequence[DeliveryView], target: Path) -> float:
    """Seconds to copy every staged table from Parquet to Parquet, nothing else."""
    target.mkdir()
    places = IntakePlaces.of(settings)
    began = time.process_time()
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET preserve_insertion_order = false")
        for delivery in deliveries:
            for folder in sorted(places.delivery(delivery.id).staged.iterdir()):
                name = target / f"{delivery.number}-{folder.name}.parquet"
                connection.execute(f"COPY (FROM '{folder}/*.parquet') TO '{name}' (FORMAT parquet)")
    return time.process_time() - began


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
