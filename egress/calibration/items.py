"""What a made output is: a file with content drawn anew each time, what its author would say, and what is planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from egress.groups import Words


@dataclass(frozen=True)
class Item:
    """One made output. `told`: what is planted and where, or why nothing is, for whoever has voted on it; `exception`:
    the reason given where the automatic checks fail it."""

    name: str
    leaks: bool
    title: str
    file_name: str
    words: Words
    told: str
    write: Callable[[Random], str]
    exception: str = ""


def in_fives(random: Random, least: int, most: int) -> int:
    """A count as it may leave: a multiple of 5."""
    return 5 * random.randint(-(-least // 5), most // 5)


def share(part: int, whole: int) -> str:
    """A percentage of two rounded counts."""
    return f"{100 * part / whole:.1f}"
