"""General practice: what a patient and their journal become."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from intake.omop.cdm import LINEAGE, cdm_tables
from intake.sources import folder_rows
from tests.support.staged import Staging

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

NHS = "9000000009"
DAY = date(2024, 3, 5)
PATIENT = {
    "NHS_NUMBER": NHS,
    "FORENAME": "Ada",
    "SURNAME": "Lovelace",
    "DATE_OF_BIRTH": date(1950, 12, 10),
    "YEAR_OF_BIRTH": 1950,
    "SEX": "2",
    "ETHNIC": "A",
    "POSTCODE": "ZZ1 1ZZ",
    "LSOA": "E01000123",
    "PRACTICE": "Y00001",
    "REPORTING_PERIOD_END_DATE": date(2024, 3, 31),
}


def entry(code: str, day: date = DAY, **more: object) -> dict[str, object]:
    return {
        "NHS_NUMBER": NHS,
        "PRACTICE": "Y00001",
        "REPORTING_PERIOD_END_DATE": date(2024, 3, 31),
        "DATE": day,
        "CODE": code,
        **more,
    }


def landed(staging: Staging, *entries: dict[str, object], **patient: object) -> Staging:
    staging.stage("gp", patient=[{**PATIENT, **patient}], journal=entries or [entry("44054006")])
    staging.link("gp", "patient", 7, NHS_NUMBER=NHS)
    staging.run()
    return staging


def test_a_patient_is_a_person_in_an_area_and_of_a_practice(staging: Staging) -> None:
    landed(staging)
    columns = "person_id, gender_concept_id, year_of_birth, month_of_birth, day_of_birth, race_concept_id, source_feed"
    assert staging.rows("person", columns) == [(7, 8532, 1950, 12, 10, 8527, "gp")]
    assert staging.rows("location", "location_id, lsoa_code") == [(6901000123, "E01000123")]
    assert staging.rows("person", "location_id") == [(6901000123,)]
    site = staging.rows("care_site", "care_site_id, place_of_service_concept_id")
    assert site == [(staging.rows("person", "care_site_id")[0][0], 8940)]


def test_no_identifier_is_in_any_table(staging: Staging) -> None:
    landed(staging)
    assert staging.rows("person", "person_source_value, birth_datetime, provider_id") == [(None, None, None)]
    assert staging.rows("location", "zip, address_1, city") == [(None, None, None)]


def test_a_table_has_the_whole_model_though_its_files_hold_only_what_is_filled(staging: Staging) -> None:
    folder = landed(staging).folder / "visit_occurrence"
    held = duckdb.sql(f"DESCRIBE FROM {folder_rows(folder)}").fetchall()
    model = {name: column.type for name, column in cdm_tables()["visit_occurrence"].columns.items()}
    assert {row[0]: row[1] for row in held} == model | LINEAGE
    assert staging.rows("visit_occurrence", "provider_id, visit_start_datetime") == [(None, None)]
    alone = duckdb.sql(f"DESCRIBE FROM '{folder}/gp-consultation.parquet'").fetchall()
    assert "provider_id" not in {row[0] for row in alone}
    with pytest.raises(duckdb.Error):  # whoever does not join the files by name is told so
        duckdb.sql(f"SELECT * FROM '{folder}/*.parquet'").fetchall()


def test_a_code_goes_where_its_domain_says(staging: Staging) -> None:
    landed(staging, entry("44054006"), entry("77176002"), entry("11466000"))
    assert staging.rows("condition_occurrence", "person_id, condition_concept_id, condition_start_date") == [
        (7, 201826, DAY)
    ]
    assert staging.rows("observation", "observation_concept_id, observation_source_value") == [(4298794, "77176002")]
    assert staging.rows("procedure_occurrence", "procedure_concept_id, procedure_date") == [(4015701, DAY)]


def test_a_value_has_the_unit_usual_for_its_code(staging: Staging) -> None:
    landed(
        staging,
        entry("271649006", VALUE1_CONDITION=142.0, LINKS="1"),
        entry("271650006", VALUE1_CONDITION=88.0, LINKS="1"),
        entry("60621009", VALUE1_CONDITION=31.5),
        entry("60621009"),
    )
    columns = "measurement_concept_id, value_as_number, unit_concept_id, unit_source_value"
    assert staging.rows("measurement", columns) == [
        (3004249, 142.0, 8876, "mm[Hg]"),
        (3012888, 88.0, 8876, "mm[Hg]"),
        (3038553, 31.5, 9531, "kg/m2"),
        (3038553, None, None, None),
    ]


def test_hba1c_is_in_millimole_per_mole(staging: Staging) -> None:
    landed(staging, entry("999791000000106", VALUE1_CONDITION=53.0))
    assert staging.rows("measurement", "value_as_number, unit_concept_id") == [(53.0, 9579)]


def test_a_prescription_is_a_drug_for_the_days_it_lasts(staging: Staging) -> None:
    supply = {"EPISODE_PRESCRIPTION": "R", "VALUE1_PRESCRIPTION": "56", "VALUE2_PRESCRIPTION": "28"}
    landed(staging, entry("325278007", **supply))
    columns = "drug_concept_id, drug_exposure_start_date, drug_exposure_end_date, quantity, days_supply"
    assert staging.rows("drug_exposure", columns) == [(1503297, DAY, date(2024, 4, 1), 56.0, 28)]


def test_entries_of_one_day_are_one_consultation(staging: Staging) -> None:
    landed(staging, entry("44054006"), entry("77176002"), entry("44054006", date(2024, 3, 6)))
    visits = staging.rows("visit_occurrence", "visit_concept_id, visit_start_date, visit_end_date, visit_occurrence_id")
    assert [row[:3] for row in visits] == [(9202, DAY, DAY), (9202, date(2024, 3, 6), date(2024, 3, 6))]
    (smoker,) = staging.rows("observation", "visit_occurrence_id")
    assert smoker == (visits[0][3],)


def test_a_code_nobody_knows_is_kept_as_concept_0_and_counted(staging: Staging) -> None:
    landed(staging, entry("1"), entry("1"), entry("2", EPISODE_PRESCRIPTION="A"))
    assert staging.rows("observation", "observation_concept_id, observation_source_value") == [(0, "1"), (0, "1")]
    assert staging.rows("drug_exposure", "drug_concept_id, drug_source_value") == [(0, "2")]
    assert staging.report is not None
    assert [(line.vocabulary, line.rows, line.codes, line.often) for line in staging.report.unmapped] == [
        ("SNOMED or dm+d", 2, 1, ()),
        ("dm+d or SNOMED", 1, 1, ()),
    ]
    assert [line.unmapped for line in staging.report.ledger if line.table == "journal"] == [3]


def test_a_death_of_which_only_the_year_is_told_is_after_every_event_of_it(staging: Staging) -> None:
    landed(staging, entry("44054006"), YEAR_OF_DEATH=2024)
    assert staging.rows("death", "person_id, death_date, source_feed") == [(7, date(2024, 12, 31), "gp")]


def test_a_person_is_observed_from_the_first_entry_to_the_practices_last_report(staging: Staging) -> None:
    landed(staging, entry("44054006", date(2011, 1, 2)), entry("44054006"))
    columns = "person_id, observation_period_start_date, observation_period_end_date, source_feed"
    assert staging.rows("observation_period", columns) == [(7, date(2011, 1, 2), date(2024, 3, 31), "gp")]


def test_rows_of_nobody_stay_out_and_every_row_is_accounted_for(staging: Staging) -> None:
    stranger = {**entry("44054006"), "NHS_NUMBER": "9000000017"}
    landed(staging, entry("44054006"), stranger, {**entry("44054006"), "NHS_NUMBER": None})
    assert staging.rows("condition_occurrence", "person_id") == [(7,)]
    assert staging.report is not None
    (journal,) = [line for line in staging.report.ledger if line.table == "journal"]
    assert (journal.staged, journal.unlinked, journal.out, journal.adds_up) == (3, 2, 1, True)
