"""Attacks by many differences that are averaged: the padding pair and the triple."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.disclosure.protection import City, Group, Protection, rounded, significant, sketch_of

Ask = Callable[[Protection, City, Group], float]

TARGETS = 40
PAIRS = 200
TRIPLES = 400


def count_people(protection: Protection, city: City, group: Group) -> float:
    """How many members."""
    return protection.publish(sketch_of(city.place[group]), len(group), rounded(len(group)))


def count_rows(protection: Protection, city: City, group: Group) -> float:
    """How many records of members."""
    own = sketch_of((city.pair_place[group] + city.rows[group]) % 256)
    return protection.publish(sketch_of(city.place[group]), len(group), rounded(city.rows[group].sum()), own)


def sum_amounts(protection: Protection, city: City, group: Group) -> float:
    """The sum of the members' amounts."""
    own = sketch_of((city.pair_place[group] * 31 + np.round(city.amount[group] * 100).astype(np.int64)) % 256)
    return protection.publish(sketch_of(city.place[group]), len(group), significant(city.amount[group].sum()), own)


#: name of the measure -> how it is asked, over contributions or not, what one person adds to it on average
MEASURES: dict[str, tuple[Ask, bool, float]] = {
    "people": (count_people, False, 1.0),
    "rows": (count_rows, True, 3.0),
    "sum": (sum_amounts, True, 30.0),
}


def padding_pairs(measure: str, protection: Protection, rng: np.random.Generator) -> float:
    """Share of targets told right. Each is asked about with `PAIRS` random cohorts, once with and once without them;
    a member makes the mean difference about what a person adds."""
    ask, _, adds = MEASURES[measure]
    city, right = City.of(20_000, 0.3, rng), 0
    for target in _targets(city, rng):
        differences = []
        for _ in range(PAIRS):
            pad = rng.choice(20_000, 2_000, replace=False)
            pad = pad[pad != target]
            without = ask(protection, city, city.members(pad))
            with_target = ask(protection, city, city.members(np.append(pad, target)))
            differences.append(with_target - without)
        right += bool(np.mean(differences) > adds / 2) == bool(city.is_member[target])
    return right / TARGETS


def triples(protection: Protection, rng: np.random.Generator) -> float:
    """The same with three sets: two cohorts who have nobody in common, and both together with the target."""
    city, right = City.of(20_000, 0.3, rng), 0
    for target in _targets(city, rng):
        differences = []
        for _ in range(TRIPLES):
            pad = rng.choice(20_000, 2_000, replace=False)
            pad = pad[pad != target]
            parts = (pad[:1_000], pad[1_000:], np.append(pad, target))
            one, other, both = (count_people(protection, city, city.members(part)) for part in parts)
            differences.append(both - one - other)
        right += bool(np.mean(differences) > 0.5) == bool(city.is_member[target])
    return right / TARGETS


def _targets(city: City, rng: np.random.Generator) -> Group:
    """Half members, half not: guessing is right half the time."""
    members = rng.choice(np.flatnonzero(city.is_member), TARGETS // 2, replace=False)
    others = rng.choice(np.flatnonzero(~city.is_member), TARGETS // 2, replace=False)
    return np.concatenate([members, others])
