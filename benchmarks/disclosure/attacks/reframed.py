"""Pairs whose two questions ask for the same number in different words, so that neither is held against the other."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.disclosure.attacks.attack import Attack, Finding, score
from benchmarks.disclosure.attacks.padding import PADS, PEOPLE, RECORDS, TARGETS, YEARS, differences
from benchmarks.disclosure.people import HAS_SECRET, Background, Target
from benchmarks.disclosure.ways import Way

COUNT_PEOPLE = f"count(distinct p.person_id) as x {PEOPLE}"
#: So many rows of everybody, in one question another number than in the other.
FIRST_ROWS = """select count(*) as n from (select p.person_id from person p
    join condition_occurrence c on c.person_id = p.person_id where {secret} and {whom}
    qualify row_number() over (partition by p.person_id order by c.condition_start_date, c.condition_concept_id)
    <= {rows})"""


def reframed(first: str, second: str, way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """Two measures that agree on everybody: the mean difference is what the target adds."""
    guesses = []
    for target in known.targets(TARGETS, rng):
        found = differences(way, first, second, target, known.pads(target, PADS, YEARS, rng))
        guesses.append((target, bool(found) and bool(np.mean(found) > 0.5)))
    return score(guesses)


def moved_mean(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """The mean of the same measure, moved by a hair; the target's own value is known."""
    guesses = []
    for target in known.targets(TARGETS, rng):
        pads = known.pads(target, PADS, 4, rng)
        middle = 1955.0
        first = f"avg(p.year_of_birth - {middle}) as x {PEOPLE}"
        second = f"avg(p.year_of_birth - {middle + 0.01}) as x {PEOPLE}"
        found = differences(way, first, second, target, pads)
        pull = np.sign(target.year - middle)  # with the target the mean moves towards them, by hundredths
        guesses.append((target, bool(found) and bool(np.median(np.abs(np.array(found) + 0.01)) > 0.02 * abs(pull))))
    return score(guesses)


def first_rows(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """Exact numbers of people, from five rows each and from ten: multiples of five are not rounded."""
    guesses: list[tuple[Target, bool | None]] = []
    for target in known.targets(TARGETS, rng):
        (years,) = known.pads(target, 1, YEARS, rng)
        whom = f"p.year_of_birth in ({', '.join(map(str, years))})"
        told = [
            way.ask(FIRST_ROWS.format(secret=HAS_SECRET, whom=whom + more, rows=rows)).value
            for more, rows in ((f" and not {target.name}", 5), ("", 10))
        ]
        if told[0] is None or told[1] is None:
            guesses.append((target, None))
        else:
            guesses.append((target, told[1] / 10 - told[0] / 5 > 0.5))
    return score(guesses)


REFRAMED = (
    Attack(
        "two measures in turn: people, then rows",
        partial(reframed, COUNT_PEOPLE, f"count(*) as x {PEOPLE}"),
        "numbers are compared within one kind of measure",
    ),
    Attack(
        "  people, then sum(1)",
        partial(reframed, COUNT_PEOPLE, f"sum(1) as x {PEOPLE}"),
        "sum(1) is a count of rows",
    ),
    Attack(
        "  different records, then rows",
        partial(reframed, f"count(distinct d.drug_exposure_id) as x {RECORDS}", f"count(*) as x {RECORDS}"),
        "what one person adds is many rows",
    ),
    Attack("  avg(x - 1955), then avg(x - 1955.01)", moved_mean, "a moved measure is another contribution"),
    Attack("  five rows of each, then ten", first_rows, "a multiple of the base is not rounded"),
)
