"""Cohort conditions are data: what does not have their shape is refused, nothing of it reaches SQL."""

from __future__ import annotations

import pytest

from governance.refusal import Refusal
from intake.cut.cohort import Cohort, CohortCondition, cohort_sql, parse_condition
from intake.sources import SourceTable

PERSON = SourceTable("person", "source.main.person", {"person_id": "PERSON_ID", "year_of_birth": "YEAR_OF_BIRTH"})
EVENTS = SourceTable("condition_occurrence", "source.main.c", {"person_id": "PERSON_ID", "condition_concept_id": "CC"})


def test_a_condition_names_a_table_a_column_and_numbers() -> None:
    text = "condition_occurrence.condition_concept_id=260139, 40481087"
    assert parse_condition(text) == CohortCondition("condition_occurrence", "condition_concept_id", (260139, 40481087))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "person",
        "person.year_of_birth",
        "person.no_such=1",
        "nowhere.person_id=1",
        "condition_occurrence.condition_concept_id=1;drop table person",
        "condition_occurrence.condition_concept_id=1) or (1=1",
        'condition_occurrence."condition_concept_id"=1',
        "condition_occurrence.condition_concept_id='1'",
        "condition_occurrence.condition_concept_id=" + "9" * 30,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="bad-cohort"):
        parse_condition(text)


def test_everybody_needs_only_a_person_table() -> None:
    assert "EXISTS" not in cohort_sql(Cohort(), {"person": PERSON})
    with pytest.raises(Refusal, match="no-person-table"):
        cohort_sql(Cohort(), {})


def test_every_condition_must_hold() -> None:
    condition = parse_condition("condition_occurrence.condition_concept_id=1")
    sql = cohort_sql(Cohort((condition,), born_after=1950), {"person": PERSON, "condition_occurrence": EVENTS})
    assert sql.count(" AND ") >= 2
    assert "> 1950" in sql


@pytest.mark.parametrize(
    "tables",
    [
        {"person": PERSON},
        {"person": PERSON, "condition_occurrence": SourceTable("condition_occurrence", "r", {"person_id": "P"})},
    ],
)
def test_a_condition_on_what_the_source_lacks_is_refused(tables: dict[str, SourceTable]) -> None:
    condition = parse_condition("condition_occurrence.condition_concept_id=1")
    with pytest.raises(Refusal, match="bad-cohort"):
        cohort_sql(Cohort((condition,)), tables)
