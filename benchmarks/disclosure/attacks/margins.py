"""Margins: a hidden cell worked out as the total less the cells that are shown."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.disclosure.attacks.attack import Attack, Finding
from benchmarks.disclosure.people import Background
from benchmarks.disclosure.ways import Way

#: Table -> its column of codes.
TABLES = {
    "condition_occurrence": "condition_concept_id",
    "drug_exposure": "drug_concept_id",
    "procedure_occurrence": "procedure_concept_id",
}
CELLS = "select p.race_concept_id as r, count(distinct p.person_id) as n"
MIDDLE = 5.0  # of what is hidden

Margin = tuple[str, dict[int, int]]  # FROM and WHERE; true people by race


def _margins(known: Background) -> list[Margin]:
    """Codes of which exactly one race has fewer than ten people."""
    found = []
    for table, column in TABLES.items():
        rows = known.connection.execute(
            f"SELECT c.{column}, p.race_concept_id, count(DISTINCT person_id) FROM person p"
            f" JOIN {table} c USING (person_id) GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        cells: dict[int, dict[int, int]] = {}
        for code, race, people in rows:
            cells.setdefault(code, {})[race] = people
        found += [
            (f"from person p join {table} c on c.person_id = p.person_id where c.{column} = {code}", races)
            for code, races in cells.items()
            if sum(people < 10 for people in races.values()) == 1 and sum(races.values()) >= 40
        ]
    return found


def less_the_rest(apart: bool, way: Way, known: Background, rng: np.random.Generator) -> Finding:  # noqa: ARG001
    """Share of hidden cells told to within one person; in one answer with ROLLUP, or in questions of their own."""
    margins, right = _margins(known), 0
    for body, cells in margins:
        if apart:
            total = way.ask(f"select count(distinct p.person_id) as n {body}").value
            shown = way.ask(f"{CELLS} {body} group by 1").rows
        else:
            rows = way.ask(f"{CELLS} {body} group by rollup (1)").rows
            total = next((row["n"] for row in rows if row["r"] is None), None)
            shown = [row for row in rows if row["r"] is not None]
        race, hidden = next((race, people) for race, people in cells.items() if people < 10)
        told = {row["r"]: row["n"] for row in shown if row["n"] is not None}
        others = set(cells) - {race}
        guess = MIDDLE
        if race in told:
            guess = told[race]
        elif total is not None and others <= told.keys():
            guess = min(9.0, max(1.0, total - sum(told[other] for other in others)))
        right += abs(guess - hidden) <= 1
    return Finding(right / len(margins))


def best_guess(known: Background) -> float:
    """How often whoever knows how such cells usually are is right with one guess for all."""
    hidden = np.array([min(cells.values()) for _, cells in _margins(known)])
    return max(float(np.mean(np.abs(guess - hidden) <= 1)) for guess in range(1, 10))


MARGINS = (
    Attack(
        "hidden cell by ROLLUP, to within one person",
        partial(less_the_rest, False),
        "the answer is audited, and more cells are hidden",
        guessing=best_guess,
    ),
    Attack(
        "  by total and parts in two questions",
        partial(less_the_rest, True),
        "rounding; a part that is nearly all is given the total's number",
        guessing=best_guess,
    ),
)
