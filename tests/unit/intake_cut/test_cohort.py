"""Cohorts over small tables: what does not have their shape is refused, and nobody is in one for what is denied."""

from __future__ import annotations

import duckdb
import pytest

from governance.cohort import Cohort, CohortCondition, Sex, parse_condition
from governance.refusal import Refusal
from governance.roles import ExtractOrigin
from intake.cut.cohort import CHOSEN, both, check_conditions, chosen_sql, cohort_sql
from intake.cut.source import Source
from intake.sources import SourceTable

PERSON = SourceTable("person", "person", {"person_id": "PERSON_ID", "year_of_birth": "YEAR_OF_BIRTH"})
EVENTS = SourceTable("condition_occurrence", "events", {"person_id": "PERSON_ID", "condition_concept_id": "CC"})
ONE = parse_condition("condition_occurrence.condition_concept_id=1")


def source(*tables: SourceTable) -> Source:
    return Source("s", "0" * 64, {table.name: table for table in tables}, ExtractOrigin.ADOPTED, "synthetic")


def test_a_condition_names_a_table_a_column_and_numbers() -> None:
    text = "condition_occurrence.condition_concept_id=260139, 40481087"
    assert parse_condition(text) == CohortCondition("condition_occurrence", "condition_concept_id", (260139, 40481087))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "person",
        "person.year_of_birth",
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


@pytest.mark.parametrize("text", ["person.no_such=1", "nowhere.person_id=1", "concept.concept_id=1"])
def test_conditions_are_about_people(text: str) -> None:
    with pytest.raises(Refusal, match="bad-cohort"):
        check_conditions(Cohort((parse_condition(text),)))


def test_everybody_needs_only_a_person_table() -> None:
    assert "hit" not in cohort_sql(Cohort(), source(PERSON), "")
    with pytest.raises(Refusal, match="no-person-table"):
        chosen_sql(Cohort(), source(), "")


def test_every_condition_must_hold() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE person AS SELECT * FROM (VALUES (1, 1950), (2, 1960), (3, 1970)) v(person_id, year_of_birth)"
        )
        connection.execute("CREATE TABLE events AS SELECT * FROM (VALUES (1, 1), (2, 1), (3, 2)) v(person_id, CC)")
        connection.execute("ATTACH ':memory:' AS scratch")
        cohort, both_tables = Cohort((ONE,), born_after=1950), source(PERSON, EVENTS)
        connection.execute(f"CREATE TABLE {CHOSEN} AS {chosen_sql(cohort, both_tables, '')}")
        assert connection.execute(cohort_sql(cohort, both_tables, "")).fetchall() == [(2, 0, 0)]


@pytest.mark.parametrize("tables", [(PERSON,), (PERSON, SourceTable("condition_occurrence", "r", {"person_id": "P"}))])
def test_a_condition_on_what_the_source_lacks_is_refused(tables: tuple[SourceTable, ...]) -> None:
    with pytest.raises(Refusal, match="bad-cohort"):
        cohort_sql(Cohort((ONE,)), source(*tables), "")


def test_lists_of_practices_are_known_of_the_region_only() -> None:
    with pytest.raises(Refusal, match="bad-cohort"):
        cohort_sql(Cohort(registered=True), source(PERSON), "")


def test_two_cohorts_are_the_people_of_both() -> None:
    one, other = Cohort((ONE,), born_after=1950, sex=Sex.MALE), Cohort((ONE,), 1960, 1990, registered=True)
    assert both(one, other) == Cohort((ONE,), 1960, 1990, Sex.MALE, registered=True)
    assert both(Cohort(), one) == one
    with pytest.raises(Refusal, match="bad-cohort"):
        both(one, Cohort(sex=Sex.FEMALE))
