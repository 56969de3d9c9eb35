"""What an attack is, and how its guesses are scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from benchmarks.disclosure.people import Background, Target
from benchmarks.disclosure.ways import Way
from tests.support.guard_lab import GuardLab


@dataclass(frozen=True)
class Finding:
    """What an attack found. `accuracy`: share of guesses right, those left open counted as half right. `named`: of an
    attack that names people only where it is certain, how many it named, `rightly`: how many of them are right."""

    accuracy: float
    named: int = 0
    rightly: int = 0


@dataclass(frozen=True)
class Attack:
    """One attack. `guessing`: the accuracy of knowing nothing, or how to work it out. `why`: what stops it, or why
    nothing does. `only_guard`: run against the guard alone (no rule plays a part in it, and it takes long). `after`:
    what the operators see of it when it is over."""

    name: str
    run: Callable[[Way, Background, np.random.Generator], Finding]
    why: str
    guessing: float | Callable[[Background], float] = 0.5
    only_guard: bool = False
    after: Callable[[GuardLab], str] | None = None

    def by_guessing(self, known: Background) -> float:
        """The accuracy of knowing nothing."""
        return self.guessing if isinstance(self.guessing, float) else self.guessing(known)


def score(guesses: Iterable[tuple[Target, bool | None]], *, is_certain: bool = False) -> Finding:
    """Of guesses that somebody has the secret (None: no idea). `is_certain`: whether they are made for certain."""
    made = list(guesses)
    open_ones = sum(guess is None for _, guess in made)
    right = sum(guess == target.has_secret for target, guess in made if guess is not None)
    accuracy = (right + open_ones / 2) / len(made)
    return Finding(accuracy, len(made) - open_ones, right) if is_certain else Finding(accuracy)
