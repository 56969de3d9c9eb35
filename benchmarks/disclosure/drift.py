"""What the protection costs honest people: drift along nested series, and strangers who look near by chance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from benchmarks.disclosure.protection import City, Protection, count_of, rounded, sketch_of
from query_guard.differencing import FEWEST_STEPS


@dataclass(frozen=True)
class Drift:
    """Over a cumulative series asked one question a point: how many points, how many different numbers were published,
    how many questions were refused in one day (too many near ones), and the error of the published points: mean and
    largest, in people, and largest relative to the truth. `window` is the largest error if the points are added up from
    the protected cells of one table, hidden ones as nothing."""

    points: int
    numbers: int
    refused: int
    mean: float
    largest: float
    relative: float
    window: float


def cumulative(people: int, points: int, rng: np.random.Generator, *, rising: bool = True) -> Drift:
    """People with a date (or an age) below each of `points` bounds, e.g. 90 years of age or 120 months; asked in rising
    or falling order. More people are of middle age than very young or old."""
    city = City.of(people, 1.0, rng)
    when = np.clip(rng.normal(points / 2, points / 4, people), 0, points - 1e-9).astype(np.int64)
    order = np.argsort(when, kind="stable")
    bounds = np.cumsum(np.bincount(when, minlength=points))
    protection = Protection()
    shown, refused, steps = np.full(points, np.nan), 0, Counter[int]()
    for point in range(points) if rising else reversed(range(points)):
        value, chain = count_of(city, protection, order[: bounds[point]]), protection.stepped_on
        if chain is not None and steps[chain] == FEWEST_STEPS:
            refused += 1
            continue
        steps.update([] if chain is None else [chain])
        shown[point] = value
    error = np.abs(shown - bounds)[~np.isnan(shown)]
    truth = bounds[~np.isnan(shown)]
    cells = np.diff(bounds, prepend=0)
    windowed = np.cumsum([rounded(cell) if cell >= 10 else 0 for cell in cells])
    return Drift(
        points,
        len(set(shown[~np.isnan(shown)].tolist())),
        refused,
        float(error.mean()),
        float(error.max()),
        float((error / truth).max()),
        float(np.abs(windowed - bounds).max()),
    )


def strangers(
    size: int, history: int, hidden_size: int, rng: np.random.Generator, *, limit: int = 10, rounds: int = 20_000
) -> float:
    """Chance that a set of `size` people lies within the limit of some hidden set of `hidden_size` others, of whom the
    history holds `history`."""
    one = np.array([sketch_of(rng.integers(0, 256, size)) for _ in range(300)])
    other = np.array([sketch_of(rng.integers(0, 256, hidden_size)) for _ in range(rounds)])
    near = sum(int((np.bitwise_count(other ^ row).sum(1, dtype=np.int64) < limit).sum()) for row in one)
    return 1 - (1 - near / (300 * rounds)) ** history


def strangers_over_pairs(size: int, other_size: int, rng: np.random.Generator, *, people_too: bool) -> float:
    """Chance that two sets who have nobody in common look near by their contributions."""
    near, rounds = 0, 4_000
    for _ in range(rounds):
        protection = Protection(pairs=True, people_too=people_too)
        people, pairs = (sketch_of(rng.integers(0, 256, size)) for _ in range(2))
        protection.publish(people, size, 1.0, pairs)
        others, other_pairs = (sketch_of(rng.integers(0, 256, other_size)) for _ in range(2))
        near += protection.publish(others, other_size, 2.0, other_pairs) == 1.0
    return near / rounds
