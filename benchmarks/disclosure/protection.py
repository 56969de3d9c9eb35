"""Invented people with a secret, and the guard's rule against differencing with each of its parts to be left out.

`Protection()` with nothing left out gives what `query_guard.differencing.settling` gives (a test holds them together).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BITS = 256
Sketch = NDArray[np.uint64]
Group = NDArray[np.int64]  # numbers of people


@dataclass(frozen=True)
class City:
    """People by number: `is_member` of the secret set an attacker wants to know, `rows` and `amount` of their records,
    and the secret places that they and their contributions have in sketches."""

    is_member: NDArray[np.bool_]
    rows: NDArray[np.int64]
    amount: NDArray[np.float64]
    place: NDArray[np.int64]
    pair_place: NDArray[np.int64]

    @classmethod
    def of(cls, people: int, share: float, rng: np.random.Generator) -> City:
        return cls(
            rng.random(people) < share,
            rng.integers(1, 6, people),
            np.round(rng.gamma(2.0, 15.0, people), 2),
            rng.integers(0, BITS, people),
            rng.integers(0, BITS, people),
        )

    def members(self, group: Group) -> Group:
        """Whom a question about `group` and the secret is about."""
        return group[self.is_member[group]]


def sketch_of(places: NDArray[np.int64]) -> Sketch:
    """Four words in which every place flips one bit."""
    parity = np.bincount(places, minlength=BITS).astype(np.uint8) & 1
    return np.packbits(parity, bitorder="little").view("<u8").astype(np.uint64)


@dataclass
class Protection:
    """A guard's memory of one cut and series. Switches leave parts of the protection out.

    Attributes:
        snap: publish the value of a near earlier set at all.
        chain: every asked set is an anchor; without it only those that were given their own value (plain snap).
        beside_hidden: hide small sets beside hidden ones, even if they were published before.
        wary: with small sets too, a hidden set hides within the whole limit and not only half of it.
        spread: the limit of each anchor is the threshold plus a secret number below this. The guard has 0.
        people_too: with `pairs`, two sets are near only if their people are near too.
    """

    threshold: int = 10
    pairs: bool = False
    snap: bool = True
    chain: bool = True
    beside_hidden: bool = True
    wary: bool = False
    spread: int = 1
    people_too: bool = True
    count: int = 0
    people: Sketch = field(default_factory=lambda: np.empty((64, 4), np.uint64))
    own: Sketch = field(default_factory=lambda: np.empty((64, 4), np.uint64))
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(64))
    limits: NDArray[np.int64] = field(default_factory=lambda: np.empty(64, np.int64))
    chains: NDArray[np.int64] = field(default_factory=lambda: np.empty(64, np.int64))
    stepped_on: int | None = None  # chain that the last question came near to without asking for the very set

    def publish(self, people: Sketch, size: int, value: float, own: Sketch | None = None) -> float:
        """The published value (NaN: hidden) of a set of `size` people; `own` is its sketch over contributions."""
        own, self.stepped_on = people if own is None else own, None
        if 2 * size < self.threshold:
            return math.nan
        hidden = size < self.threshold
        if not self.snap:
            return math.nan if hidden else value
        is_small = 2 * size < 3 * self.threshold
        near, distance = self._near(people, own, is_small)
        given, chain, is_new = value, self.count, True
        if len(near):
            best = near[np.argmin(distance)]
            given, chain, is_new = float(self.values[best]), int(self.chains[best]), bool(distance.min() > 0)
            self.stepped_on = chain if is_new else None
            beside = np.isnan(self.values[near]) & (distance < self._half)
            hidden |= self.beside_hidden and is_small and bool(beside.any())
        given = math.nan if hidden else given
        if is_new and (self.chain or not len(near)):
            self._keep(people, own, given, chain)
        return given

    @property
    def _half(self) -> float:
        return self.threshold * (1.0 if self.pairs else 0.5)

    def _near(self, people: Sketch, own: Sketch, is_small: bool) -> tuple[Group, NDArray[np.int64]]:
        factor = 2 if self.pairs else 1
        limits = self.limits[: self.count]
        distance = np.bitwise_count(self.own[: self.count] ^ own).sum(1, dtype=np.int64)
        is_near = distance < factor * limits
        if self.pairs and self.people_too:
            is_near &= np.bitwise_count(self.people[: self.count] ^ people).sum(1, dtype=np.int64) < limits
        if is_small and not self.wary:
            is_near &= ~np.isnan(self.values[: self.count]) | (distance < self._half)
        near = np.flatnonzero(is_near)
        return near, distance[near]

    def _keep(self, people: Sketch, own: Sketch, value: float, chain: int) -> None:
        if self.count == len(self.values):
            for name in ("people", "own", "values", "limits", "chains"):
                held = getattr(self, name)
                setattr(self, name, np.concatenate([held, np.empty_like(held)]))
        secret = int((own * np.uint64(0x9E3779B97F4A7C15)).sum() >> np.uint64(32)) % self.spread
        self.people[self.count], self.own[self.count] = people, own
        self.values[self.count], self.limits[self.count] = value, self.threshold + secret
        self.chains[self.count] = chain
        self.count += 1


def rounded(number: float, base: int = 5) -> float:
    """A published count."""
    return float(base * round(number / base))


def significant(number: float, figures: int = 3) -> float:
    """A published sum."""
    return float(f"{number:.{figures}g}")


def count_of(city: City, protection: Protection, group: Group) -> float:
    """What is published of the members among `group`."""
    members = city.members(group)
    return protection.publish(sketch_of(city.place[members]), len(members), rounded(len(members)))
