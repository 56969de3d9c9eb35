"""Attacks in steps: groups that change by one known person, and groups of exactly enough people."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.disclosure.protection import City, Group, Protection, count_of

ROUNDS = 40
KNOWN = 60  # people an attacker can name one by one
NEAR_STEPS = 20  # near questions of one person and day


@dataclass(frozen=True)
class Claims:
    """Per walk: people claimed to be members, and the share of claims that is right (NaN without claims)."""

    made: float
    right: float


def walk(make: Callable[[], Protection], rng: np.random.Generator) -> Claims:
    """Add one known person at a time to a large cohort; who makes the number move is a member."""
    return _claims(_walk_up(make(), *_scene(rng)) for _ in range(ROUNDS))


def bridge(make: Callable[[], Protection], rng: np.random.Generator) -> Claims:
    """The same between two published numbers: first the cohort alone and with all the known people, then the walk."""

    def once() -> list[bool]:
        city, pad, known = _scene(rng)
        protection = make()
        count_of(city, protection, np.concatenate([pad, known]))
        return _walk_up(protection, city, pad, known)

    return _claims(once() for _ in range(ROUNDS))


def calibrated(make: Callable[[], Protection], rng: np.random.Generator) -> float:
    """Share of targets told right. First find known people of whom threshold - 1 are members: with a fresh cohort each,
    add one more of them until the number moves. Then, with a fresh cohort, add those and the target."""
    right = 0
    for _ in range(ROUNDS):
        city, _, known = _scene(rng)
        protection = make()
        crossing = next((n for n in range(1, KNOWN) if _moves(protection, city, known[:n], rng)), KNOWN)
        for is_member in (True, False):
            target = rng.choice(np.flatnonzero(city.is_member == is_member)[KNOWN:])
            right += _moves(protection, city, np.append(known[: crossing - 1], target), rng) == is_member
    return right / (2 * ROUNDS)


def leave_one_out(make: Callable[[], Protection], rng: np.random.Generator) -> Claims:
    """A street with exactly as many members as may be shown: ask for all, then for all but one resident, for each; it
    is hidden without a member. Claims are of the residents told to be members before a resident's absence hid nothing
    although the street itself had gone."""

    def once() -> list[bool]:
        city = City.of(500, 0.0, rng)
        street = rng.choice(500, 40, replace=False)
        city.is_member[street[:10]] = True
        protection, claims = make(), []
        count_of(city, protection, street)
        for resident in rng.permutation(street)[:NEAR_STEPS]:
            if math.isnan(count_of(city, protection, street)):
                break
            if math.isnan(count_of(city, protection, street[street != resident])):
                claims.append(bool(city.is_member[resident]))
        return claims

    return _claims(once() for _ in range(ROUNDS))


def _scene(rng: np.random.Generator) -> tuple[City, Group, Group]:
    """A city, a large cohort, and known people outside it."""
    city = City.of(20_000, 0.3, rng)
    drawn = rng.choice(20_000, 5_000 + KNOWN, replace=False)
    return city, drawn[KNOWN:], drawn[:KNOWN]


def _walk_up(protection: Protection, city: City, pad: Group, known: Group) -> list[bool]:
    before, claims = count_of(city, protection, pad), []
    for steps in range(1, len(known) + 1):
        now = count_of(city, protection, np.concatenate([pad, known[:steps]]))
        if now != before:
            claims.append(bool(city.is_member[known[steps - 1]]))
        before = now
    return claims


def _moves(protection: Protection, city: City, group: Group, rng: np.random.Generator) -> bool:
    """Whether adding the group to a fresh cohort changes its number by about the threshold or more."""
    pad = np.setdiff1d(rng.choice(20_000, 5_000, replace=False), group)
    alone = count_of(city, protection, pad)
    return abs(count_of(city, protection, np.concatenate([pad, group])) - alone) >= protection.threshold - 5


def _claims(rounds: object) -> Claims:
    every = [list(claims) for claims in rounds]  # type: ignore[attr-defined]
    flat = [claim for claims in every for claim in claims]
    return Claims(len(flat) / len(every), sum(flat) / len(flat) if flat else math.nan)
