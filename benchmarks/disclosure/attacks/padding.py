"""Padding pairs: the same cohorts with and without the target, and the mean of the differences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.disclosure.attacks.attack import Attack, Finding, score
from benchmarks.disclosure.people import HAS_SECRET, Background, Target, listed
from benchmarks.disclosure.ways import Way

TARGETS = 12
PADS, YEARS = 16, 20
#: Of whom a question is, before GROUP BY: pads `v`, people `p` with the secret, and the target or not.
PEOPLE = "from person p join {pads} on v.y = p.year_of_birth where {secret} and {whom} group by v.pad"
RECORDS = (
    "from person p join drug_exposure d on d.person_id = p.person_id join {pads} on v.y = p.year_of_birth"
    " where {secret} and {whom} group by v.pad"
)


def ask_of_pads(way: Way, select: str, pads: list[list[int]], whom: str) -> dict[int, float]:
    """The number of each pad, as far as it is shown."""
    told = way.ask(f"select v.pad, {select}".format(pads=listed(pads), secret=HAS_SECRET, whom=whom))
    return {row["pad"]: float(row["x"]) for row in told.rows if row["x"] is not None}


def differences(way: Way, first: str, second: str, target: Target, pads: list[list[int]]) -> list[float]:
    """What each pad's number grows by with the target."""
    without = ask_of_pads(way, first, pads, f"not {target.name}")
    with_target = ask_of_pads(way, second, pads, "true")
    return [with_target[pad] - without[pad] for pad in without.keys() & with_target.keys()]


def padding(
    select: str, adds: Callable[[Target], float], way: Way, known: Background, rng: np.random.Generator
) -> Finding:
    """`adds`: what the target adds to the number if they have the secret."""
    guesses: list[tuple[Target, bool | None]] = []
    for target in known.targets(TARGETS, rng):
        found = differences(way, select, select, target, known.pads(target, PADS, YEARS, rng))
        guesses.append((target, None if not any(found) else bool(np.mean(found) > adds(target) / 2)))
    return score((target, False if guess is None else guess) for target, guess in guesses)


def _one(target: Target) -> float:  # noqa: ARG001  (all have one signature)
    return 1.0


def _days(target: Target) -> float:
    return target.days_supply


SNAPPED = "the second of two near sets is given the first one's number"
PADDING = (
    Attack(
        f"padding pairs, {PADS} a person: people",
        partial(padding, f"count(distinct p.person_id) as x {PEOPLE}", _one),
        SNAPPED,
    ),
    Attack("  rows", partial(padding, f"count(*) as x {PEOPLE}", _one), SNAPPED),
    Attack(
        "  sum(days_supply)",
        partial(padding, f"sum(d.days_supply) as x {RECORDS}", _days),
        SNAPPED,
    ),
)
