"""Community, mental health, social care and ambulance: what their rows become."""

from __future__ import annotations

from datetime import date, datetime, time

from tests.support.staged import Staging

DAY = date(2024, 3, 5)
COMMUNITY = {"OrgID_Prov": "RX1", "UniqMonthID": 1488, "UniqueSubmissionID": 1, "Person_ID": "P1"}
MENTAL = {"OrgIDProv": "RX2", "UniqMonthID": 1488, "UniqSubmissionID": 1, "Person_ID": "P1"}
CARE = {"LA_Code": "700", "Person_ID": "P1", "Event_Start_Date": DAY}


def test_community_contacts_that_took_place_are_visits(staging: Staging) -> None:
    contact = {**COMMUNITY, "Contact_Date": DAY, "Contact_Time": time(9, 30)}
    staging.stage(
        "community",
        mpi=[{**COMMUNITY, "PersonBirthDate": date(1950, 1, 1), "Gender": "1", "LSOA2011": "E01000009"}],
        referral=[
            {**COMMUNITY, "ServiceRequestID": "S", "ReferralRequest_ReceivedDate": date(2024, 3, 1), "TeamType": "06"}
        ],
        care_contact=[
            {**contact, "CareContactID": "1", "AttendanceStatus": "5", "Finding_SNOMED_CT": "225358003"},
            {**contact, "CareContactID": "2", "AttendanceStatus": "3", "Finding_SNOMED_CT": "225358003"},
            {**contact, "CareContactID": "3", "AttendanceStatus": "4"},
        ],
    )
    staging.link("community", "mpi", 7, **COMMUNITY)
    report = staging.run()
    ((visit, start),) = staging.rows("visit_occurrence", "visit_occurrence_id, visit_start_datetime")
    assert start == datetime(2024, 3, 5, 9, 30)
    told = staging.rows("observation", "observation_source_value, visit_occurrence_id, value_source_value")
    assert told == [("225358003", visit, None), ("3", None, None), (None, None, "06")]
    assert [(line.table, line.out, line.left_out) for line in report.ledger] == [
        ("mpi", 1, 0),
        ("referral", 1, 0),
        ("care_contact", 2, 1),
    ]
    assert staging.rows("person", "person_id, year_of_birth, gender_concept_id") == [(7, 1950, 8507)]


def test_only_the_latest_submission_of_a_month_counts(staging: Staging) -> None:
    contact = {"Contact_Date": DAY, "CareContactID": "1", "AttendanceStatus": "5"}
    person = {"PersonBirthDate": date(1950, 1, 1)}
    later = {**COMMUNITY, "UniqueSubmissionID": 2}
    staging.stage("community", mpi=[{**later, **person}], care_contact=[{**later, **contact, "CareContactID": "2"}])
    staging.stage("community", mpi=[{**COMMUNITY, **person}], care_contact=[{**COMMUNITY, **contact}])
    staging.link("community", "mpi", 7, **COMMUNITY)
    report = staging.run()
    assert len(staging.rows("visit_occurrence", "visit_occurrence_id")) == 1
    assert [(line.table, line.staged, line.superseded, line.out) for line in report.ledger] == [
        ("mpi", 2, 1, 1),
        ("care_contact", 2, 1, 1),
    ]


def test_mental_health_stays_contacts_and_diagnoses(staging: Staging) -> None:
    staging.stage(
        "mental_health",
        mpi=[{**MENTAL, "PersonBirthDate": date(1950, 1, 1), "Gender": "2", "EthnicCategory": "D"}],
        referral=[
            {
                **MENTAL,
                "UniqServReqID": "S",
                "ReferralRequestReceivedDate": DAY,
                "PrimReasonReferralMH": "04",
                "SourceOfReferralMH": "A1",
            }
        ],
        care_contact=[{**MENTAL, "UniqCareContID": "1", "CareContDate": DAY, "AttendStatus": "6"}],
        spell=[
            {
                **MENTAL,
                "HospProvSpellID": "1",
                "StartDateHospProvSpell": DAY,
                "DischDateHospProvSpell": date(2024, 4, 1),
            },
            {**MENTAL, "HospProvSpellID": "2", "StartDateHospProvSpell": date(2024, 5, 1)},
        ],
        diagnosis=[{**MENTAL, "UniqServReqID": "S", "CodedDiagTimestamp": DAY, "PrimDiag": "F03X"}],
    )
    staging.link("mental_health", "mpi", 7, **MENTAL)
    staging.run()
    assert staging.rows("visit_occurrence", "visit_concept_id, visit_start_date, visit_end_date") == [
        (9201, DAY, date(2024, 4, 1)),
        (9201, date(2024, 5, 1), date(2024, 5, 1)),
        (9202, DAY, DAY),
    ]
    assert staging.rows("condition_occurrence", "condition_concept_id, condition_status_concept_id") == [
        (4182210, 32902)
    ]
    ((value, qualifier),) = staging.rows("observation", "value_as_concept_id, qualifier_concept_id")
    assert value > 2_000_000_000
    assert qualifier > 2_000_000_000
    assert staging.rows("observation_period", "observation_period_end_date") == [(date(2024, 5, 1),)]


def test_social_care_is_told_in_observations(staging: Staging) -> None:
    event = {
        **CARE,
        "Event_Reference": "1",
        "Event_Type": "Service",
        "Service_Type": "Long Term Support: Community",
        "Service_Component": "Domiciliary Care",
        "Accommodation_Status": "Registered care home",
        "Has_Unpaid_Carer": "Unknown",
        "Reported_Health_Condition": "52448006",
        "Der_Birth_Year": 1940,
        "Der_Birth_Month": 5,
        "Date_of_Death": date(2024, 6, 1),
        "Event_Outcome": "Change in package",
        "Event_End_Date": date(2024, 4, 5),
    }
    staging.stage("social_care", event=[event])
    staging.link("social_care", "event", 7, **CARE)
    staging.run()
    assert staging.rows("observation", "observation_date, value_source_value") == [
        (DAY, "Long Term Support: Community"),
        (DAY, "Registered care home"),
        (date(2024, 4, 5), "Change in package"),
    ]
    assert staging.rows("condition_occurrence", "condition_concept_id") == [(4182210,)]
    assert staging.rows("visit_occurrence", "1") == []
    assert staging.rows("death", "death_date") == [(date(2024, 6, 1),)]
    assert staging.rows("person", "year_of_birth, month_of_birth, day_of_birth") == [(1940, 5, None)]


def test_a_call_is_a_visit_and_what_was_typed_is_nowhere(staging: Staging) -> None:
    who = {"NHS Number": "9000000009", "Date of Birth": date(1950, 1, 1), "Sex": "1", "Surname": "Lovelace"}
    call = {
        **who,
        "Provider Organisation Code": "RYZ",
        "Call Date": DAY,
        "Call Identifier": "1",
        "Time Call Connected": datetime(2024, 3, 5, 1, 2, 3),
        "Reporting Response Category": "Category 2",
        "Treatment Type": "See, Treat and Convey",
        "Chief Complaint": "29857009",
        "Call Notes": "Ada Lovelace, chest pain",
    }
    staging.stage("ambulance", call=[call])
    staging.link("ambulance", "call", 7, **who)
    staging.run()
    ((visit, concept, when),) = staging.rows(
        "visit_occurrence", "visit_occurrence_id, visit_concept_id, visit_start_datetime"
    )
    assert (concept, when) == (581478, datetime(2024, 3, 5, 1, 2, 3))
    assert staging.rows("condition_occurrence", "visit_occurrence_id, condition_source_value") == [(visit, "29857009")]
    assert staging.rows("observation", "value_source_value") == [("Category 2",), ("See, Treat and Convey",)]
    for table in ("visit_occurrence", "condition_occurrence", "observation", "person"):
        assert "Lovelace" not in str(staging.rows(table, "*"))
