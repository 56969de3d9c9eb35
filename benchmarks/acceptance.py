"""How much of what analysts write is answered: every query of a corpus, asked of a real guard on real extracts.

    python -m benchmarks.acceptance [--library FOLDER]

Our own corpus is `tests/fixtures/analyst_queries`. FOLDER may hold another one, which is not ours to publish: SQL files
and an `index.json`, a list of objects with `name`, `file`, `dialect`, `kind` (aggregate, rows or reference) and
`runs_on_extract`; entries that do not run on the extract are left out. Exits 1 below a target.

Targets: 95 % of the aggregate and reference queries are answered (a partial answer is one), every row-level query is
refused, and nothing fails behind the policy: no failed cross-check, no failed execution.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from governance.registry import change_project
from tests.support.analyst_queries import AnalystQuery, Ending, ask, ending_of, load_corpus
from tests.support.guard_lab import GuardLab, gibleed_file, open_lab

TARGET = 0.95
CELLS = 1_000_000_000  # a benchmark asks in minutes what a person asks in weeks
WIDTH = 130  # so that a table written to a file is as readable as one on a screen
CROSS_CHECK = frozenset({"cross-check-failed"})
ENGINE = frozenset({"query-failed", "query-too-expensive", "engine-unavailable", "guard-failed", "not-recorded"})
EXPECTATIONS = {"aggregate": Ending.ANSWERED, "reference": Ending.ANSWERED, "rows": Ending.REFUSED}


@dataclass(frozen=True)
class Outcome:
    """How one query ended. `where` is the refusal's place in the caller's own SQL."""

    query: AnalystQuery
    ending: Ending
    code: str
    where: str

    @property
    def as_expected(self) -> bool:
        return self.query.meets(self.ending, self.code)


@dataclass(frozen=True)
class Score:
    """The outcomes of one group of queries that share an expectation."""

    title: str
    outcomes: tuple[Outcome, ...]
    wanted: Ending

    def count(self, *endings: Ending) -> int:
        return sum(outcome.ending in endings for outcome in self.outcomes)

    def failures(self, codes: frozenset[str]) -> int:
        return sum(outcome.code in codes for outcome in self.outcomes)

    @property
    def share(self) -> float:
        """Of those asked, the share that ended as the group should."""
        endings = (Ending.REFUSED,) if self.wanted is Ending.REFUSED else (Ending.ANSWERED, Ending.PARTIAL)
        return self.count(*endings) / len(self.outcomes) if self.outcomes else 1.0

    @property
    def reached(self) -> bool:
        target = 1.0 if self.wanted is Ending.REFUSED else TARGET
        return self.share >= target and not self.failures(CROSS_CHECK | ENGINE)


def load_library(folder: Path) -> tuple[AnalystQuery, ...]:
    """The queries of a foreign corpus that run on the extract. Raises OSError, KeyError, ValueError for a bad index."""
    entries = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return tuple(
        AnalystQuery(
            name=entry["name"],
            question=entry.get("notes", ""),
            shapes=(entry["kind"],),
            expect=EXPECTATIONS[entry["kind"]],
            dialect=entry["dialect"],
            sql=(folder / entry["file"]).read_text(encoding="utf-8"),
        )
        for entry in entries
        if entry["runs_on_extract"]
    )


def ask_all(lab: GuardLab, queries: Iterable[AnalystQuery]) -> tuple[Outcome, ...]:
    """Each query once, in order."""
    outcomes = []
    for query in queries:
        result = ask(lab, query)
        where = result.refusal.where if result.refusal else ""
        outcomes.append(Outcome(query, ending_of(result), result.code, where))
    return tuple(outcomes)


def score(title: str, outcomes: Sequence[Outcome]) -> list[Score]:
    """The outcomes of a corpus by kind: aggregate, reference, rows."""
    return [
        Score(f"{title}: {kind}", tuple(found for found in outcomes if kind_of(found.query) == kind), wanted)
        for kind, wanted in EXPECTATIONS.items()
    ]


def kind_of(query: AnalystQuery) -> str:
    """What a query is about: groups of people, single people's rows, or reference tables only."""
    if query.expect is Ending.REFUSED:
        return "rows"
    return "reference" if {"reference", "reference-only"} & set(query.shapes) else "aggregate"


def report(console: Console, scores: Sequence[Score]) -> None:
    """The figures, the refusals by code, and every query that ended otherwise than expected."""
    table = Table("group", "asked", *Ending, "cross-check failed", "engine failed", "share", "target")
    for group in scores:
        figures = [len(group.outcomes), *(group.count(ending) for ending in Ending)]
        failures = [group.failures(CROSS_CHECK), group.failures(ENGINE)]
        verdict = "reached" if group.reached else "missed"
        table.add_row(group.title, *map(str, figures + failures), f"{group.share:.1%}", verdict)
    console.print(table)
    for group in scores:
        codes = Counter(outcome.code for outcome in group.outcomes if outcome.code).most_common()
        listed = ", ".join(f"{code} {count}" for code, count in codes) or "none"
        console.print(f"{group.title}, refused: {listed}", soft_wrap=True)
    console.print("\nOtherwise than expected:")
    for outcome in (outcome for group in scores for outcome in group.outcomes if not outcome.as_expected):
        line = f"  {outcome.query.name}: {outcome.ending} {outcome.code} {outcome.where[:80]}"
        console.print(line, markup=False, soft_wrap=True)


def main(arguments: Sequence[str] = ()) -> int:
    """Measure on a state folder of its own. Returns 1 below a target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acceptance")
    parser.add_argument("--library", type=Path, metavar="FOLDER", help="a folder with SQL files and an index.json")
    library = parser.parse_args(list(arguments)).library
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder) / "state", gibleed_file()) as lab:
        change_project(lab.store, actor="admin", slug="gi-bleed", budget_cells=CELLS)
        scores = score("our corpus", ask_all(lab, load_corpus()))
        if library is not None:
            scores += score("the library", ask_all(lab, load_library(library)))
    report(Console(width=WIDTH, highlight=False), scores)
    return 0 if all(group.reached for group in scores) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
