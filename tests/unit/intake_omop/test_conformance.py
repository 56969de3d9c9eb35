"""Conformance: a clean set passes every check, and each planted breach is found by the check that is meant to."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from governance.refusal import Refusal
from intake.omop.breaches import EVENTS
from intake.omop.cdm import LINEAGE, cdm_tables
from intake.omop.conformance import FAIL, WARN, ConformanceReport, check, checks
from intake.sources import open_workbench

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

TABLES = ("person", "location", "observation_period", "death", "concept", *EVENTS)
CLEAN = """
INSERT INTO person (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id, location_id,
    source_feed) VALUES (1, 8532, 1950, 0, 0, 5, 'gp'), (1, 8532, 1950, 0, 0, NULL, 'hospital'), (2, 8507, 1960, 0, 0,
    NULL, 'gp');
INSERT INTO location (location_id, lsoa_code) VALUES (5, 'E01000005');
INSERT INTO observation_period VALUES (1, 1, '2010-01-01', '2024-12-31', 32817, 'gp', 1),
    (2, 1, '2012-01-01', '2024-12-31', 32817, 'hospital', 1), (3, 2, '2010-01-01', '2024-12-31', 32817, 'gp', 1);
INSERT INTO visit_occurrence (visit_occurrence_id, person_id, visit_concept_id, visit_start_date, visit_end_date,
    visit_type_concept_id, source_feed) VALUES (10, 1, 9201, '2020-01-01', '2020-01-05', 32818, 'hospital');
INSERT INTO condition_occurrence (condition_occurrence_id, person_id, condition_concept_id, condition_start_date,
    condition_type_concept_id, visit_occurrence_id, source_feed) VALUES (20, 1, 201826, '2020-01-01', 32818, 10,
    'hospital'), (21, 2, 201826, '2020-01-01', 32818, NULL, 'gp');
INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, measurement_date,
    measurement_type_concept_id, value_as_number, unit_concept_id, source_feed) VALUES
    (30, 1, 3004249, '2020-01-01', 32817, 120, 8876, 'gp');
INSERT INTO death (person_id, death_date, source_feed) VALUES (2, '2024-06-01', 'gp');
INSERT INTO concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, concept_code,
    valid_start_date, valid_end_date) VALUES (201826, 'Type 2', 'Condition', 'SNOMED', 'C', '44054006', '1970-01-01',
    '2099-12-31'), (3004249, 'Systolic', 'Measurement', 'LOINC', 'C', '8480-6', '1970-01-01', '2099-12-31'),
    (9201, 'Inpatient', 'Visit', 'Visit', 'Visit', 'IP', '1970-01-01', '2099-12-31');
"""
PLANTED = [
    ("UPDATE person SET year_of_birth = NULL WHERE person_id = 2", "required-values", "person", FAIL),
    ("UPDATE condition_occurrence SET condition_occurrence_id = 20", "keys-unique", "condition_occurrence", FAIL),
    ("UPDATE person SET source_feed = 'gp'", "keys-unique", "person", FAIL),
    ("UPDATE observation_period SET source_feed = 'gp'", "keys-unique", "observation_period", FAIL),
    ("UPDATE condition_occurrence SET visit_occurrence_id = 11", "references-found", "condition_occurrence", FAIL),
    ("UPDATE person SET location_id = 6", "references-found", "person", FAIL),
    ("DELETE FROM person WHERE person_id = 2", "person-known", "condition_occurrence", FAIL),
    ("UPDATE condition_occurrence SET condition_concept_id = 3004249", "domain-fits", "condition_occurrence", FAIL),
    (
        "UPDATE visit_occurrence SET visit_end_date = '2019-12-31'",
        "end-not-before-start",
        "visit_occurrence",
        FAIL,
    ),
    ("UPDATE measurement SET measurement_date = '2009-12-31'", "within-observation", "measurement", FAIL),
    ("UPDATE measurement SET source_feed = 'ambulance'", "within-observation", "measurement", FAIL),
    ("UPDATE measurement SET measurement_date = '2999-12-31'", "date-plausible", "measurement", WARN),
    ("UPDATE person SET year_of_birth = 2021", "birth-before-events", "condition_occurrence", WARN),
    ("UPDATE death SET death_date = '2019-01-01'", "alive-at-events", "condition_occurrence", WARN),
    ("UPDATE measurement SET value_as_number = 1200", "values-plausible", "measurement", WARN),
    ("UPDATE condition_occurrence SET condition_concept_id = 0", "codes-mapped", "condition_occurrence", WARN),
]


def checked(tmp_path: Path, *changes: str) -> ConformanceReport:
    """The clean set with changes, written as a region version is, and held against the checks."""
    with duckdb.connect() as connection:
        for table in map(cdm_tables().__getitem__, TABLES):
            columns = {column.name: column.type for column in table.columns.values()}
            columns |= LINEAGE if table.is_about_people else {}
            held = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"CREATE TABLE {table.name} ({held})")
        for sql in (*CLEAN.split(";\n"), *changes):
            if sql.strip():
                connection.execute(sql)
        for table in TABLES:
            (tmp_path / table).mkdir()
            connection.execute(f"COPY {table} TO '{tmp_path / table}/part.parquet' (FORMAT parquet)")
    with open_workbench() as workbench:
        return check(workbench, tmp_path)


def test_a_clean_set_passes_every_check(tmp_path: Path) -> None:
    report = checked(tmp_path)
    assert [result for result in report.results if result.outcome != "pass"] == []
    assert {result.check for result in report.results} == {entry.name for entry in checks()}
    report.refuse_if_failed()


@pytest.mark.parametrize(("change", "name", "table", "outcome"), PLANTED)
def test_a_planted_breach_is_found(tmp_path: Path, change: str, name: str, table: str, outcome: str) -> None:
    report = checked(tmp_path, change)
    found = {(result.check, result.table): result.outcome for result in report.results}
    assert found[name, table] == outcome
    assert report.passed is (FAIL not in found.values())


def test_every_check_has_a_planted_breach() -> None:
    assert {name for _, name, _, _ in PLANTED} == {entry.name for entry in checks()}


def test_a_set_that_breaks_a_hard_rule_is_refused_without_a_value(tmp_path: Path) -> None:
    report = checked(tmp_path, "UPDATE condition_occurrence SET visit_occurrence_id = 424242")
    with pytest.raises(Refusal) as refused:
        report.refuse_if_failed()
    assert refused.value.code == "not-conformant"
    assert "424242" not in str(refused.value)


def test_a_table_that_cannot_be_read_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "person").mkdir()
    (tmp_path / "person" / "part.parquet").write_bytes(b"not a Parquet file")
    with open_workbench() as workbench, pytest.raises(Refusal) as refused:
        check(workbench, tmp_path)
    assert refused.value.code == "unreadable-source"
