"""The attacks against the real guard on real data (GiBleed, 2,694 people): what each finds out with and without each
protection.

    python -m benchmarks.disclosure [PART OF A NAME...]

Accuracy is the share of guesses that are right, those left open counted as half; beside it, in brackets, what knowing
nothing would give. `named`: of attacks that name somebody only where they are certain, how many rightly. The columns
leave one protection out: `nothing` protects nothing, `no history` answers each question by itself, `no rounding` and
`no cap` (on near questions) are what they say. Every attack starts with a history in which nothing was asked, and has a
budget that is no limit; `cells` is what it would have cost.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.disclosure.attacks import ATTACKS, Attack, Finding
from benchmarks.disclosure.people import background
from benchmarks.disclosure.ways import COLUMNS, Shared, Way, fresh_lab
from tests.support.guard_lab import gibleed_file, open_lab

SEED = 20261122
GUARD = "the guard"


def main(words: Sequence[str] = ()) -> None:
    """Run the attacks whose names hold one of the words given (all without any) and print the table."""
    wanted = [attack for attack in ATTACKS if not words or any(word in attack.name for word in words)]
    table = Table("attack", *COLUMNS, "named", "questions", "cells", "refusals and alarms", "s", "why")
    with tempfile.TemporaryDirectory(prefix="sde-attacks-") as folder:
        template = Path(folder) / "state"
        with open_lab(template, gibleed_file()):
            pass
        for attack in wanted:
            table.add_row(*measure(attack, template))
            print(f"{attack.name.strip()}: done", file=sys.stderr, flush=True)
    Console(width=200).print(table)


def measure(attack: Attack, template: Path) -> list[str]:
    """One row."""
    begun = time.monotonic()
    found: dict[str, Finding] = {}
    shared = Shared()
    with fresh_lab(template) as lab, background(lab) as known:
        for column, make in COLUMNS.items():
            if attack.only_guard and column != GUARD:
                continue
            way = make(lab, shared)
            found[column] = attack.run(way, known, np.random.default_rng(SEED))
        guessing = attack.by_guessing(known)
        seen = attack.after(lab) if attack.after else ""
    cells = [f"{found[column].accuracy:.2f}" if column in found else "" for column in COLUMNS]
    name = f"{attack.name} ({guessing:.2f})"
    return [name, *cells, *costs(way, found[GUARD], seen), spent(begun), attack.why]


def costs(way: Way, found: Finding, seen: str) -> list[str]:
    """Of the real guard: who was named, how much was asked and told, and what was refused."""
    named = f"{found.rightly} of {found.named}" if found.named else ""
    refusals = ", ".join([*(f"{code} {times}" for code, times in way.refused.items()), *([seen] if seen else [])])
    return [named, f"{way.questions:,}", f"{way.numbers:,}", refusals]


def spent(begun: float) -> str:
    """Seconds since."""
    return f"{time.monotonic() - begun:.0f}"


if __name__ == "__main__":
    main(sys.argv[1:])
