"""A small clinic whose answers are known: without thresholds and rounding they are those of plain SQL."""

from __future__ import annotations

from typing import Any

from governance.disclosure import DisclosureProfile
from tests.support.guard_policy import PolicyLab

PLAIN = DisclosureProfile("plain", 1, 1, 12, "test", dominance_k=1.0, p_ratio=0.0, residual_dof=1)


def open_clinic() -> PolicyLab:
    """60 people, 45 of them with visits (person n has n % 7 + 1), 30 with two measurements, 20 dead; five concepts."""
    lab = PolicyLab()
    lab.fill(
        "person",
        [
            {
                "person_id": n,
                "gender_concept_id": 8507 if n % 2 else 8532,
                "year_of_birth": 1940 + n % 3,
                "gender_source_value": "M" if n % 2 else "F",
                "race_source_value": "ab"[n % 5 > 2],
            }
            for n in range(60)
        ],
    )
    visits = [(n, visit) for n in range(45) for visit in range(n % 7 + 1)]
    lab.fill(
        "visit_occurrence",
        [(i, n, 9201 if v % 2 else 9202, f"2010-0{v + 1}-01", f"2010-0{v + 1}-03") for i, (n, v) in enumerate(visits)],
    )
    lab.fill(
        "measurement",
        [(i, n, None, 3000 + i % 2, "2010-01-02", 20.5 + i, i) for i, n in enumerate([*range(30), *range(30)])],
    )
    lab.fill("death", [(n, "2020-01-01", 1 + n % 2) for n in range(20)])
    codes = [(8507, "MALE", "Gender"), (8532, "FEMALE", "Gender"), (9201, "Inpatient", "Visit")]
    codes += [(9202, "Outpatient", "Visit"), (3000, "BMI", "Measurement")]
    lab.fill("concept", [(*code, "OMOP", 1.0) for code in codes])
    lab.fill("concept_ancestor", [(9201, 9201), (9202, 9202), (9201, 9202)])
    return lab


def readable(value: Any) -> Any:
    """Numbers up to the last digits of a DOUBLE, whatever type they have."""
    if isinstance(value, bool) or value is None:
        return value
    try:
        return float(f"{float(value):.9g}")
    except (TypeError, ValueError):
        return value
