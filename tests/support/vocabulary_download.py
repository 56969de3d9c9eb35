"""A tiny vocabulary download in the form of Athena's: two codes of ICD-10, one of them with two standard concepts."""

from __future__ import annotations

from pathlib import Path

CONCEPTS = [
    "concept_id concept_name domain_id vocabulary_id concept_class_id standard_concept concept_code valid_start_date"
    " valid_end_date invalid_reason".replace(" ", "\t"),
    "45533021\tEssential (primary) hypertension\tCondition\tICD10\tICD10 code\t\tI10\t19700101\t20991231\t",
    '320128\tEssential "benign" hypertension\tCondition\tSNOMED\tDisorder\tS\t59621000\t19700101\t20991231\t',
    "45591027\tType 2 without complications\tCondition\tICD10\tICD10 code\t\tE11.9\t19700101\t20991231\t",
    "201826\tType 2\tCondition\tSNOMED\tDisorder\tS\t44054006\t19700101\t20991231\t",
    "4193704\tNo complication\tObservation\tSNOMED\tFinding\tS\t313436004\t19700101\t20991231\t",
]
RELATIONS = [
    "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason",
    "45533021\t320128\tMaps to\t19700101\t20991231\t",
    "45591027\t201826\tMaps to\t19700101\t20991231\t",
    "45591027\t4193704\tMaps to\t19700101\t20991231\t",
    "320128\t320128\tMaps to\t19700101\t20991231\t",
    "201826\t320128\tMaps to\t19700101\t20991231\tD",
]


def download(folder: Path, **changes: list[str]) -> Path:
    """A tiny download in the form of Athena's."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in ({"CONCEPT": CONCEPTS, "CONCEPT_RELATIONSHIP": RELATIONS} | changes).items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
