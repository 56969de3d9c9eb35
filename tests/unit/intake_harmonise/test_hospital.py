"""Hospital: stays from episodes, clinics that took place, emergency attendances, deaths on discharge."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tests.support.staged import Staging

WHO = {
    "NHS_NUMBER": "9000000009",
    "DATE_OF_BIRTH": date(1950, 12, 10),
    "POSTCODE": "ZZ1 1ZZ",
    "FORENAME": "Ada",
    "SURNAME": "Lovelace",
}
IN, OUT = date(2024, 3, 5), date(2024, 3, 9)
EPISODE = {
    **WHO,
    "SEX": "2",
    "ETHNOS": "H",
    "LSOA11": "E01000123",
    "PROCODE3": "R01",
    "ADMIDATE": IN,
    "ADMISORC": "19",
    "DISDATE": OUT,
    "DISDEST": "85",
    "DISMETH": "1",
    "EPISTART": IN,
    "EPIEND": date(2024, 3, 7),
    "DIAG_4_01": "E119",
}
SECOND = {**EPISODE, "EPIKEY": 2, "EPISTART": date(2024, 3, 7), "EPIEND": OUT, "DIAG_4_01": "I10X"}


@pytest.fixture
def hospital(staging: Staging) -> Staging:
    staging.link("hospital", "apc", 7, **WHO, SEX="2")
    return staging


def test_episodes_of_one_admission_are_one_stay_and_all_their_codes_belong_to_it(hospital: Staging) -> None:
    codes = {"DIAG_4_02": "J459", "OPERTN_4_01": "W371"}
    hospital.stage("hospital", apc=[{**EPISODE, "EPIKEY": 1, **codes}, SECOND])
    report = hospital.run()
    columns = "visit_concept_id, visit_start_date, visit_end_date, visit_occurrence_id, discharged_to_concept_id"
    ((concept, start, end, visit, home),) = hospital.rows("visit_occurrence", columns)
    assert (concept, start, end) == (9201, IN, OUT)
    assert home > 2_000_000_000  # a care home, which has no official concept here
    columns = "condition_concept_id, condition_start_date, condition_end_date, condition_status_concept_id"
    assert hospital.rows("condition_occurrence", f"{columns}, visit_occurrence_id") == [
        (201826, IN, date(2024, 3, 7), 32902, visit),
        (317009, IN, date(2024, 3, 7), 32908, visit),
        (320128, date(2024, 3, 7), OUT, 32902, visit),
    ]
    assert hospital.rows("procedure_occurrence", "procedure_concept_id, visit_occurrence_id") == [(4203771, visit)]
    (line,) = report.ledger
    assert (line.staged, line.out, line.left_out) == (2, 2, 0)
    assert {(made.target, made.rows) for made in report.produced if made.table == "apc"} == {
        ("visit_occurrence", 1),
        ("condition_occurrence", 2),
        ("condition_occurrence", 1),
        ("procedure_occurrence", 1),
    }


def test_what_hospital_says_of_a_person(hospital: Staging) -> None:
    hospital.stage("hospital", apc=[{**EPISODE, "EPIKEY": 1}])
    hospital.run()
    assert hospital.rows("person", "gender_concept_id, race_concept_id, location_id, source_feed") == [
        (8532, 8515, 6901000123, "hospital")
    ]


def test_a_death_on_discharge_is_dated(hospital: Staging) -> None:
    hospital.stage("hospital", apc=[{**EPISODE, "EPIKEY": 1, "DISMETH": "4"}])
    hospital.run()
    assert hospital.rows("death", "death_date") == [(OUT,)]


def test_only_attended_clinics_are_visits_and_missed_ones_are_told(hospital: Staging) -> None:
    def appointment(key: int, attended: str, **more: object) -> dict[str, object]:
        return {**WHO, "SEX": "2", "PROCODE3": "R01", "ATTENDKEY": key, "APPTDATE": IN, "ATTENDED": attended, **more}

    rows = [
        appointment(1, "5", DIAG_4_01="J459"),
        appointment(2, "3", DIAG_4_01="J459"),
        appointment(3, "2"),
        appointment(4, "4"),
    ]
    hospital.stage("hospital", op=rows)
    report = hospital.run()
    ((visit,),) = hospital.rows("visit_occurrence", "visit_occurrence_id")
    assert hospital.rows("condition_occurrence", "condition_concept_id, visit_occurrence_id") == [(317009, visit)]
    assert hospital.rows("observation", "observation_source_value, visit_occurrence_id") == [("3", None)]
    assert all(line.adds_up for line in report.ledger)


def test_an_emergency_attendance_has_a_complaint_and_several_diagnoses(hospital: Staging) -> None:
    arrival = datetime(2024, 3, 5, 22, 15)
    row = {
        **WHO,
        "Sex": "2",
        "EC_Ident": 1,
        "Der_Provider_Code": "R01",
        "Der_EC_Arrival_Date_Time": arrival,
        "EC_Chief_Complaint_SNOMED_CT": "267036007",
        "Der_EC_Diagnosis_All": "195967001, 84114007,,195967001",
        "EC_Arrival_Mode_SNOMED_CT": "1048031000000100",
    }
    hospital.stage("hospital", ecds=[row])
    hospital.run()
    ((visit, concept, time),) = hospital.rows(
        "visit_occurrence", "visit_occurrence_id, visit_concept_id, visit_start_datetime"
    )
    assert (concept, time) == (9203, arrival)
    found = hospital.rows("condition_occurrence", "condition_concept_id, visit_occurrence_id")
    assert found == [(312437, visit), (316139, visit), (317009, visit), (317009, visit)]
    assert len(hospital.rows("observation", "observation_id", f"visit_occurrence_id = {visit}")) == 1
