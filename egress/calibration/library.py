"""The library of made outputs, and which of them a checker is given next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

from egress.calibration.harmless import HARMLESS
from egress.calibration.items import Item
from egress.calibration.leaking import LEAKING
from governance.refusal import Refusal

LIBRARY: tuple[Item, ...] = (*LEAKING, *HARMLESS)


@dataclass(frozen=True)
class ItemRow:
    """One made output in a list."""

    name: str
    leaks: bool
    title: str
    told: str


def listed() -> tuple[ItemRow, ...]:
    """All of the library."""
    return tuple(ItemRow(item.name, item.leaks, item.title, item.told) for item in LIBRARY)


def find_item(name: str) -> Item:
    """Raises Refusal `no-such-made-output`."""
    for item in LIBRARY:
        if item.name == name:
            return item
    names = ", ".join(item.name for item in LIBRARY)
    raise Refusal("no-such-made-output", "The library has no such made output.", f"Use one of: {names}.")


def draw_item(planted: Counter[str], random: Random) -> Item:
    """One of those that were planted least often. `planted`: how often each was."""
    fewest = min(planted[item.name] for item in LIBRARY)
    return random.choice([item for item in LIBRARY if planted[item.name] == fewest])
