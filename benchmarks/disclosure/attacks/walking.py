"""Walks: a set grown by one known person at a time, who is named when the number moves."""

from __future__ import annotations

import numpy as np

from benchmarks.disclosure.attacks.attack import Attack, Finding, score
from benchmarks.disclosure.people import HAS_SECRET, Background, Target, any_of
from benchmarks.disclosure.ways import Told, Way

WALKS, KNOWN = 3, 24
TO_THE_CAP = 56  # of whom more than the steps of a day have the secret
YEARS = 12


def _scene(known: Background, rng: np.random.Generator, number: int = KNOWN) -> tuple[list[Target], str]:
    """Known people, half of them with the secret, and years of birth that are none of theirs."""
    people = known.targets(number, rng)
    taken = {person.year for person in people}
    free = [year for year in known.years if year not in taken]
    chosen = rng.choice(free, min(YEARS, len(free)), replace=False)
    return people, f"p.year_of_birth in ({', '.join(map(str, chosen))})"


def _count(way: Way, pad: str, people: list[Target]) -> float | None:
    return _ask(way, pad, people).value


def _ask(way: Way, pad: str, people: list[Target]) -> Told:
    whom = f"{pad} or {any_of(people)}" if people else pad
    return way.ask(f"select count(distinct p.person_id) as n from person p where {HAS_SECRET} and ({whom})")


def _walk_up(way: Way, pad: str, people: list[Target]) -> Finding:
    named: list[tuple[Target, bool | None]] = []
    before = _count(way, pad, [])
    for steps, person in enumerate(people, 1):
        now = _count(way, pad, people[:steps])
        moved = before is not None and now is not None and now != before
        named.append((person, True if moved else None))
        before = now if now is not None else before
    return score(named, is_certain=True)


def _together(findings: list[Finding]) -> Finding:
    return Finding(
        float(np.mean([one.accuracy for one in findings])),
        sum(one.named for one in findings),
        sum(one.rightly for one in findings),
    )


def walk(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """From a cohort upwards, one question a step."""
    findings = []
    for _ in range(WALKS):
        people, pad = _scene(known, rng)
        findings.append(_walk_up(way, pad, people))
    return _together(findings)


def bridge(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """The same between two numbers that were published before: the cohort with all of them, and the cohort alone."""
    findings = []
    for _ in range(WALKS):
        people, pad = _scene(known, rng)
        _count(way, pad, people)
        findings.append(_walk_up(way, pad, people[:-1]))
    return _together(findings)


def to_the_cap(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """Upwards until refused: who was added last before that is named."""
    findings = []
    for _ in range(WALKS):
        people, pad = _scene(known, rng, TO_THE_CAP)
        _ask(way, pad, [])
        refused = next((n for n in range(1, len(people) + 1) if _ask(way, pad, people[:n]).code), None)
        last = people[refused - 2] if refused is not None and refused > 1 else None
        findings.append(score([(one, True if one is last else None) for one in people], is_certain=True))
    return _together(findings)


WALKING = (
    Attack(
        f"walk of {KNOWN} people",
        walk,
        "every asked set is remembered with its number; then the cap on near questions",
    ),
    Attack(
        "  between two published numbers",
        bridge,
        "NOT stopped: where one number's neighbours end and the other's begin, somebody is named",
    ),
    Attack(
        f"  of {TO_THE_CAP}, until it is refused",
        to_the_cap,
        "the cap counts the sets that differ, and so tells when one did",
    ),
)
