"""What differencing attacks learn with and without each part of the protection, on invented people.

    python -m benchmarks.disclosure.simulate

Pure numpy: the rule alone, without parser, engine and store, so that thousands of questions take seconds. Accuracy is
the share of targets told right; half of them are members of the secret set, so 0.50 is guessing.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.disclosure.drift import cumulative, strangers, strangers_over_pairs
from benchmarks.disclosure.pairs import MEASURES, padding_pairs, triples
from benchmarks.disclosure.protection import Protection
from benchmarks.disclosure.walks import Claims, bridge, calibrated, leave_one_out, walk

SEED = 20261122
ROUNDING = partial(Protection, snap=False)
PLAIN = partial(Protection, chain=False)
GUARD = Protection
FORGIVING = partial(Protection, beside_hidden=False)
SECRET_LIMIT = partial(Protection, spread=10)


def main() -> None:
    """Print the tables."""
    console = Console(width=120)
    console.print(accuracies())
    console.print(steps())
    console.print(drifts())
    console.print(chances())


def accuracies() -> Table:
    """Attacks that average or test one target."""
    table = Table("attack", "rounding only", "snap (the guard)", title="accuracy; 0.50 is guessing")
    for measure, (_, pairs, _) in MEASURES.items():
        told = [padding_pairs(measure, make(pairs=pairs), fresh()) for make in (ROUNDING, GUARD)]
        table.add_row(f"200 padding pairs, {measure}", *(f"{share:.2f}" for share in told))
    told = [calibrated(make, fresh()) for make in (ROUNDING, GUARD, SECRET_LIMIT)]
    table.add_row("calibrated group of threshold - 1", *(f"{share:.2f}" for share in told[:2]))
    table.add_row("  were each anchor's limit secret (not built)", "", f"{told[2]:.2f}")
    told = [triples(make(), fresh()) for make in (ROUNDING, GUARD)]
    table.add_row("400 triples", *(f"{share:.2f}" for share in told))
    return table


def steps() -> Table:
    """Attacks in steps: people named as members, per attempt, and how many of them rightly."""
    table = Table("attack", "rounding only", "plain snap", "snap, chained (the guard)", title="people named (right)")
    for name, attack in (("walk of 60 people", walk), ("the same between two published numbers", bridge)):
        table.add_row(name, *(shown(attack(make, fresh())) for make in (ROUNDING, PLAIN, GUARD)))
    told = [leave_one_out(make, fresh()) for make in (ROUNDING, FORGIVING, GUARD)]
    table.add_row("leave one out of just enough, 20 questions", shown(told[0]), "", shown(told[2]))
    table.add_row("  without the rule for sets beside hidden ones", "", "", shown(told[1]))
    return table


def drifts() -> Table:
    """What honest cumulative series lose."""
    headings = ("numbers", "refused", "error mean", "largest", "largest %", "largest if added up from cells")
    table = Table("series, one question a point", *headings, title="drift of natural nested series, in people")
    for people in (500, 2_700, 20_000, 200_000):
        for name, points, rising in (("age", 90, True), ("age, falling", 90, False), ("month", 120, True)):
            drift = cumulative(people, points, fresh(), rising=rising)
            numbers = (f"{drift.numbers}/{points}", f"{drift.refused}", f"{drift.mean:.1f}", f"{drift.largest:.0f}")
            table.add_row(f"{people:,} by {name}", *numbers, f"{drift.relative:.0%}", f"{drift.window:.0f}")
    return table


def chances() -> Table:
    """How often sets with nobody in common look near."""
    table = Table("a set of", "beside", "chance", title="strangers who look near")
    for hidden in (5, 7, 9):
        for size in (10, 12, 14):
            wide, half = (strangers(size, 10_000, hidden, fresh(), limit=limit) for limit in (10, 5))
            table.add_row(f"{size} people", f"10,000 hidden sets of {hidden}, half the limit", f"{half:.1%}")
            table.add_row("", "  the whole limit (not so built)", f"{wide:.1%}")
    for people_too in (False, True):
        compared = "contributions and people" if people_too else "contributions only (not so built)"
        for size in (10, 12, 15):
            chance = strangers_over_pairs(size, size, fresh(), people_too=people_too)
            table.add_row(f"{size} people", f"one set of {size}, {compared}", f"{chance:.1%}")
    return table


def shown(claims: Claims) -> str:
    """`2.3 (1.00)`."""
    return f"{claims.made:.1f}" + ("" if claims.made == 0 else f" ({claims.right:.2f})")


def fresh() -> np.random.Generator:
    """The same people for each way, so that columns compare."""
    return np.random.default_rng(SEED)


if __name__ == "__main__":
    main()
