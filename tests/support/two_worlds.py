"""Two worlds that differ in one fact about one person: whatever an attacker asks, both must answer alike.

It runs the guard's policy, its rules and the rule against differencing as they are; only the locked engine and the
store are left out (the attacks on a real guard are in `test_widened_guard_on_real_data`).
"""

from __future__ import annotations

from typing import Any

import duckdb

from governance.refusal import Refusal
from tests.support.guard_policy import PolicyLab
from tests.support.rule_in_memory import RuleInMemory

TARGET_YEAR = 1901
PEOPLE = 120  # beside the target
SECRET, OTHER = 999, 111  # concepts of the measurement that everybody has once
#: Who somebody is, and the secret: conditions on `person p`.
IS_TARGET = f"p.year_of_birth = {TARGET_YEAR}"
HAS_SECRET = (
    f"exists (select 1 from measurement m where m.person_id = p.person_id and m.measurement_concept_id = {SECRET})"
)

Worlds = tuple[PolicyLab, PolicyLab]  # without and with the secret


def make_world(others: int, *, has_secret: bool) -> PolicyLab:
    """`others`: how many people beside the target have the secret. Everybody has three measurements and two visits."""
    lab = PolicyLab()
    everyone = range(1, PEOPLE + 2)
    born = {one: TARGET_YEAR if one == 1 else 1940 + one % 50 for one in everyone}
    lab.fill(
        "person",
        [
            {
                "person_id": one,
                "gender_concept_id": 8507 + 25 * (one % 2),
                "year_of_birth": born[one],
                "gender_source_value": "F" if one % 2 else "M",
                "race_source_value": "r",
            }
            for one in everyone
        ],
    )
    visits = [(2 * one + place, one, 9202, f"2020-0{1 + place}-1{one % 9}") for one in everyone for place in (0, 1)]
    lab.fill("visit_occurrence", visits)
    rows: list[tuple[Any, ...]] = []
    for one in everyone:
        secret = has_secret if one == 1 else one <= others + 1
        for place, concept in enumerate((SECRET if secret else OTHER, 5, 6)):
            day, days = f"2020-0{1 + place}-1{one % 9}", 20 + one % 7
            rows.append((3 * one + place, one, 2 * one + place % 2, concept, day, 10.0 + one % 11, days))
    lab.fill("measurement", rows)
    lab.fill("death", [(one, "2024-03-01", 7) for one in everyone if one % 6 == 0])
    lab.fill("concept", [(code, f"concept {code}", "Measurement", "v", 1.0) for code in (SECRET, OTHER, 5, 6, 7)])
    lab.fill("concept_ancestor", [(5, 5), (5, 6), (SECRET, SECRET)])
    return lab


def transcript(lab: PolicyLab, questions: tuple[str, ...]) -> list[Any]:
    """All that the questions, asked one after the other, let out."""
    history = RuleInMemory()
    lab.history = history
    told: list[Any] = []
    for sql in questions:
        try:
            answer = lab.ask(sql.format(T=IS_TARGET, S=HAS_SECRET))
        except Refusal as refusal:
            told.append((refusal.code, refusal.message, refusal.remedy, refusal.where))
            history.asked, history.waiting = {}, {}
        except duckdb.Error:
            told.append("the engine failed")
            history.asked, history.waiting = {}, {}
        else:
            hidden = [answer.table.schema.field(name).metadata for name in answer.table.column_names]
            counts = (answer.suppressed_rows, answer.suppressed_cells, answer.numbers)
            told.append((str(answer.table.to_pydict()), str(hidden), answer.flags, counts))
            history.write()
    return told
