"""Reconstruction of a small table from the counts of many overlapping halves of it (Dinur and Nissim 2003)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from benchmarks.disclosure.attacks.attack import Attack, Finding
from benchmarks.disclosure.attacks.padding import PEOPLE, ask_of_pads
from benchmarks.disclosure.people import HAS_SECRET, Background
from benchmarks.disclosure.ways import Way

HALVES, AT_ONCE = 240, 12
WHOM = "p.gender_concept_id = 8507 and p.race_concept_id = 8527"


def reconstruct(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """People with the secret by year of birth, nearly every cell of them below the threshold. Accuracy is the share of
    cells told exactly."""
    rows = known.connection.execute(
        f"SELECT p.year_of_birth, count(*), count(*) FILTER (WHERE {HAS_SECRET}) FROM person p WHERE {WHOM}"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    years, most = [row[0] for row in rows], np.array([row[1] for row in rows])
    truth = np.array([row[2] for row in rows])
    asked, told = [], []
    for _ in range(HALVES // AT_ONCE):
        pads = [sorted(map(int, rng.choice(years, len(years) // 2, replace=False))) for _ in range(AT_ONCE)]
        found = ask_of_pads(way, f"count(distinct p.person_id) as x {PEOPLE}", pads, WHOM)
        asked += [[year in pads[pad] for year in years] for pad in found]
        told += list(found.values())
    if not told:
        return Finding(guessing(most, truth))
    return Finding(float(np.mean(solve(np.array(asked, float), np.array(told), most) == truth)))


def solve(asked: np.ndarray, told: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Whole numbers, between nobody and everybody, whose sums miss what was told by least in all."""
    questions, cells = asked.shape
    one = np.eye(questions)
    result = linprog(
        np.concatenate([np.zeros(cells), np.ones(questions)]),
        A_ub=np.block([[asked, -one], [-asked, -one]]),
        b_ub=np.concatenate([told, -told]),
        bounds=[*((0, int(many)) for many in most), *((0, None) for _ in range(questions))],
    )
    found: np.ndarray = np.rint(result.x[:cells]).astype(int)
    return found


def guessing(most: np.ndarray, truth: np.ndarray) -> float:
    """Share of cells right for whoever knows how many people there are and how common the secret is."""
    return float(np.mean(np.rint(most * 0.3) == truth))


RECONSTRUCTION = (
    Attack(
        f"reconstruction of 78 cells from {HALVES} halves",
        reconstruct,
        "NOT stopped, only made dear: no two halves are near one another",
        guessing=0.25,
    ),
)
