"""Three sets of which no two are near: two cohorts, and both together with the target."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.disclosure.attacks.attack import Attack, Finding, score
from benchmarks.disclosure.attacks.padding import PEOPLE, ask_of_pads
from benchmarks.disclosure.people import Background
from benchmarks.disclosure.ways import PROJECT, Way
from query_guard.differencing.triples import search_triples
from tests.support.guard_lab import GuardLab

TARGETS = 8
CUTS, AT_ONCE, YEARS = 48, 16, 20


def triples(select: str, way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """The mean of C - A - B over many ways to cut a cohort in two."""
    guesses = []
    for target in known.targets(TARGETS, rng):
        found: list[float] = []
        for _ in range(CUTS // AT_ONCE):
            both = known.pads(target, AT_ONCE, YEARS, rng)
            halves = [pad[: YEARS // 2] for pad in both], [pad[YEARS // 2 :] for pad in both]
            one = ask_of_pads(way, select, halves[0], f"not {target.name}")  # the target's year is in this half
            other = ask_of_pads(way, select, halves[1], "true")
            whole = ask_of_pads(way, select, both, "true")
            found += [whole[pad] - one[pad] - other[pad] for pad in one.keys() & other.keys() & whole.keys()]
        guesses.append((target, bool(found) and bool(np.mean(found) > 0.5)))
    return score(guesses)


def alarms(lab: GuardLab) -> str:
    """What the nightly search finds."""
    report = search_triples(lab.store, lab.data(PROJECT).cut, threshold=10, actor="service:triples", seconds=30)
    return f"alarm: {report.near} triples" if report.is_alarming else "no alarm"


NOT_STOPPED = "NOT stopped, only made dear: the budget, and the auditor's nightly search"
TRIPLES_OF = {"people": f"count(distinct p.person_id) as x {PEOPLE}", "rows": f"count(*) as x {PEOPLE}"}
TRIPLES = (
    Attack(f"{CUTS} triples a person: people", partial(triples, TRIPLES_OF["people"]), NOT_STOPPED, after=alarms),
    Attack("  rows", partial(triples, TRIPLES_OF["rows"]), NOT_STOPPED, after=alarms),
)
