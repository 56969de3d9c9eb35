"""The synthetic region as files: the same order makes the same rows, people and their records make sense, and what was
planted is there in the numbers the truth states."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from intake.feeds import region_feeds
from intake.synth.region import RegionMade, RegionOrder, make_region

PEOPLE = 3_000
CSV = "(read_csv('{}', all_varchar=true, quote='\"', encoding='latin-1', null_padding=true))"
ALIVE = "NOT IN (SELECT person FROM '{truth}/fault.parquet' WHERE fault IN ('after_death', 'absurd_date'))"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RegionMade]:
    folder = tmp_path_factory.mktemp("synth") / "region"
    return folder, make_region(RegionOrder(PEOPLE, 7, folder), progress=lambda *_: None)


@pytest.fixture
def ask(region: tuple[Path, RegionMade]) -> Iterator[duckdb.DuckDBPyConnection]:
    folder, _ = region
    with duckdb.connect() as connection:
        for feed in region_feeds():
            for table in feed.tables.values():
                for number, delivery in enumerate(("1-first", "2-late"), 1):
                    for file in (folder / feed.name / delivery).glob(f"{table.file}.*"):
                        source = CSV.format(file) if file.suffix == ".csv" else f"'{file}'"
                        connection.execute(f"CREATE VIEW {feed.name}_{table.name}_{number} AS FROM {source}")
        for file in (folder / "truth").glob("*.parquet"):
            connection.execute(f"CREATE VIEW truth_{file.stem} AS FROM '{file}'")
        yield connection


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {sql}").fetchall()[0][0])


def _digest(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.slow
def test_the_same_order_makes_the_same_region_and_another_seed_another(
    region: tuple[Path, RegionMade], tmp_path: Path
) -> None:
    again = make_region(RegionOrder(PEOPLE, 7, tmp_path / "again"), progress=lambda *_: None)
    other = make_region(RegionOrder(PEOPLE, 8, tmp_path / "other"), progress=lambda *_: None)
    assert again == region[1]
    assert _digest(tmp_path / "again") == _digest(region[0])
    assert other.rows != again.rows
    with duckdb.connect() as connection:
        for name in ("truth/person", "gp/1-first/GPPatient"):
            files = [f"'{folder / name}.parquet'" for folder in (region[0], tmp_path / "other")]
            assert _one(connection, f"(FROM {files[0]} INTERSECT FROM {files[1]})") == 0


@pytest.mark.slow
def test_rows_do_not_depend_on_the_blocks_they_are_made_in(region: tuple[Path, RegionMade], tmp_path: Path) -> None:
    made = make_region(RegionOrder(PEOPLE, 7, tmp_path / "blocks", block=1_200), progress=lambda *_: None)
    assert (made.rows, made.faults) == (region[1].rows, region[1].faults)
    files = sorted(file.relative_to(region[0]) for file in region[0].rglob("*.parquet"))
    with duckdb.connect() as connection:
        for file in files:
            whole, parts = f"'{region[0] / file}'", f"'{tmp_path}/blocks/{file.with_suffix('')}*.parquet'"
            different = f"(FROM {whole} EXCEPT ALL FROM {parts})", f"(FROM {parts} EXCEPT ALL FROM {whole})"
            if file.stem not in ("fault", "fault_lines"):  # one's pattern finds the other
                assert [_one(connection, rows) for rows in different] == [0, 0], file


@pytest.mark.slow
def test_every_table_of_every_feed_is_delivered_with_the_columns_of_its_schema(
    region: tuple[Path, RegionMade], ask: duckdb.DuckDBPyConnection
) -> None:
    for feed in region_feeds():
        for table in feed.tables.values():
            got = ask.execute(f"SELECT * FROM {feed.name}_{table.name}_1 LIMIT 0").description
            assert [column[0] for column in got] == list(table.columns)
            if feed.name not in ("social_care", "ambulance"):
                types = [str(column[1]) for column in got]
                assert types == [column.type for column in table.columns.values()], table.name
    rows = region[1].rows
    assert 38 <= sum(rows.values()) / PEOPLE <= 50
    assert set(rows) == {f"{feed.name}.{table}" for feed in region_feeds() for table in feed.tables}


@pytest.mark.slow
def test_numbers_are_valid_never_issued_and_of_one_person(ask: duckdb.DuckDBPyConnection) -> None:
    numbers = [text for (text,) in ask.execute("SELECT nhs_number FROM truth_person").fetchall()]
    assert len(set(numbers)) == PEOPLE
    assert all(_is_valid(number) and number >= "9000000000" for number in numbers)
    wrong = [
        n for (n,) in ask.execute('SELECT DISTINCT "NHS_NUMBER" FROM gp_patient_1').fetchall() if n and not _is_valid(n)
    ]
    planted = _one(ask, "truth_identity_gp WHERE fault = 'transposed_number'")
    assert len(wrong) == planted


def _is_valid(number: str) -> bool:
    check = (11 - sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=False)) % 11) % 11
    return len(number) == 10 and check == int(number[9])


@pytest.mark.slow
def test_diseases_make_clinical_sense(ask: duckdb.DuckDBPyConnection) -> None:
    journal = "gp_journal_1 JOIN truth_identity_gp USING (NHS_NUMBER) JOIN truth_person ON person = true_person"
    ask.execute(f"CREATE TEMP TABLE entry AS SELECT * FROM {journal}")
    diabetic = "SELECT person FROM entry WHERE CODE = '44054006'"
    assert _one(ask, "entry WHERE CODE = '325278007'") > 100
    assert _one(ask, f"entry WHERE CODE = '325278007' AND person NOT IN ({diabetic})") == 0
    assert (
        _one(
            ask,
            "entry AS m JOIN entry AS d ON d.person = m.person AND d.CODE = '44054006'"
            " WHERE m.CODE = '325278007' AND m.DATE < d.DATE",
        )
        == 0
    )
    assert _one(ask, "entry WHERE CODE = '77386006' AND sex <> 2") == 0
    assert _one(ask, "entry WHERE CODE = '77386006' AND year(DATE) - year(date_of_birth) NOT BETWEEN 15 AND 50") == 0
    assert _one(ask, "entry WHERE CODE = '13645005' AND NOT smoker") == 0
    assert _one(ask, "entry WHERE CODE = '254837009' AND sex = 1") == 0
    assert _one(ask, "entry WHERE CODE = '399068003' AND sex = 2") == 0
    early, late = ask.execute(
        "SELECT avg(v) FILTER (y < 3), avg(v) FILTER (y > 8) FROM (SELECT h.VALUE1_CONDITION AS v,"
        " date_diff('year', d.DATE, h.DATE) AS y FROM entry AS h JOIN entry AS d ON d.person = h.person"
        " AND d.CODE = '44054006' WHERE h.CODE = '999791000000106')"
    ).fetchall()[0]
    assert early + 3 < late
    young, old = ask.execute(
        "SELECT avg((CODE = '52448006')::INTEGER) FILTER (year(date_of_birth) > 1975),"
        " avg((CODE = '52448006')::INTEGER) FILTER (year(date_of_birth) < 1950) FROM entry"
    ).fetchall()[0]
    assert young == 0 and old > 0


@pytest.mark.slow
def test_both_values_of_a_blood_pressure_are_of_one_moment(ask: duckdb.DuckDBPyConnection) -> None:
    pairs = "gp_journal_1 WHERE CODE = '271649006'", "gp_journal_1 WHERE CODE = '271650006'"
    joined = "(FROM gp_journal_1 WHERE CODE = '271649006') AS s JOIN (FROM gp_journal_1 WHERE CODE = '271650006') AS d"
    assert _one(ask, pairs[0]) == _one(ask, pairs[1]) > 1000
    assert _one(ask, f"{joined} ON s.LINKS = d.LINKS AND s.DATE = d.DATE") == _one(ask, pairs[0])


@pytest.mark.slow
def test_nothing_happens_before_birth_or_after_death_but_what_was_planted(ask: duckdb.DuckDBPyConnection) -> None:
    events = {
        "gp.journal": "SELECT true_person, DATE FROM gp_journal_1 JOIN truth_identity_gp USING (NHS_NUMBER)",
        "community.care_contact": 'SELECT true_person, "Contact_Date" FROM community_care_contact_1'
        ' JOIN truth_identity_community USING ("OrgID_Prov", "Person_ID")',
        "mental_health.care_contact": 'SELECT true_person, "CareContDate" FROM mental_health_care_contact_1'
        ' JOIN truth_identity_mental_health USING ("OrgIDProv", "Person_ID")',
        "hospital.apc": 'SELECT true_person, "EPISTART" FROM hospital_apc_1 AS e JOIN truth_identity_hospital AS i'
        " ON e.NHS_NUMBER IS NOT DISTINCT FROM i.NHS_NUMBER AND e.DATE_OF_BIRTH IS NOT DISTINCT FROM i.DATE_OF_BIRTH"
        " AND e.POSTCODE = i.POSTCODE AND e.FORENAME = i.FORENAME AND e.SURNAME = i.SURNAME AND e.SEX = i.SEX",
    }
    for table, sql in events.items():
        feed, name = table.split(".")
        outside = (
            f"(SELECT p, day FROM ({sql}) AS e(p, day) JOIN truth_person ON person = p"
            " WHERE day < date_of_birth OR day > date_of_death)"
        )
        planted = (
            f"truth_fault WHERE feed = '{feed}' AND of_table = '{name}' AND delivery = 1"
            " AND fault IN ('before_birth', 'after_death', 'absurd_date')"
        )
        known = f"{planted} AND person IN (SELECT p FROM {outside})"
        assert _one(ask, outside) == _one(ask, known), table


@pytest.mark.slow
def test_row_faults_are_there_in_the_numbers_stated(
    region: tuple[Path, RegionMade], ask: duckdb.DuckDBPyConnection
) -> None:
    stated = region[1].faults
    assert stated == json.loads((region[0] / "truth" / "summary.json").read_text())["faults"]
    found = {
        "gp.journal: unknown_code": "gp_journal_1 WHERE CODE = '999999999999'",
        "gp.journal: absurd_date": "gp_journal_1 WHERE year(DATE) NOT BETWEEN 1880 AND 2026",
        "gp.journal: late_row": "gp_journal_2",
        "hospital.apc: duplicate_row": "(SELECT EPIKEY FROM hospital_apc_1 GROUP BY ALL HAVING count(*) > 1)",
        "hospital.apc: unknown_code": "hospital_apc_1 WHERE ADMIMETH = 'QQ'",
        "hospital.apc: ends_before_start": "hospital_apc_1 WHERE DISDATE < ADMIDATE",
        "hospital.apc: corrected_row": "hospital_apc_2 SEMI JOIN hospital_apc_1 USING (EPIKEY)",
        "hospital.apc: late_row": "hospital_apc_2 ANTI JOIN hospital_apc_1 USING (EPIKEY)",
        "hospital.op: unknown_code": "hospital_op_1 WHERE ATTENDED = 'Z'",
        "hospital.ecds: out_of_bounds": 'hospital_ecds_1 WHERE "Age_At_Arrival" > 130',
        "hospital.ecds: duplicate_row": '(SELECT "EC_Ident" FROM hospital_ecds_1 GROUP BY ALL HAVING count(*) > 1)',
        "community.care_contact: orphan": "community_care_contact_1 ANTI JOIN community_mpi_1"
        ' USING ("OrgID_Prov", "UniqMonthID", "UniqueSubmissionID", "Person_ID")',
        "social_care.event: unknown_code": "social_care_event_1 WHERE \"Client_Type\" = 'Customer'",
        "ambulance.call: unknown_code": "ambulance_call_1 WHERE \"Reporting Response Category\" = 'Category 9'",
        "ambulance.call: late_row": "ambulance_call_2",
        "ambulance.call: wrong_encoding": "ambulance_call_1 WHERE \"Surname\" = 'Fürnß'",
    }
    assert {what: stated.get(what, 0) for what in found} == {what: _one(ask, sql) for what, sql in found.items()}
    assert sum(stated.get(what, 0) > 0 for what in found) >= len(found) - 1


@pytest.mark.slow
def test_keys_name_one_row_but_for_planted_duplicates(ask: duckdb.DuckDBPyConnection) -> None:
    for feed in region_feeds():
        for table in feed.tables.values():
            if not table.key or table.key == ("NHS_NUMBER", "PRACTICE"):
                continue
            key = ", ".join(f'"{name}"' for name in table.key)
            filled = " AND ".join(f'"{name}" IS NOT NULL' for name in table.key)
            doubled = f"(SELECT {key} FROM {feed.name}_{table.name}_1 WHERE {filled} GROUP BY ALL HAVING count(*) > 1)"
            planted = (
                f"truth_fault WHERE feed = '{feed.name}' AND of_table = '{table.name}' AND fault = 'duplicate_row'"
            )
            assert _one(ask, doubled) == _one(ask, planted), table.name


@pytest.mark.slow
def test_a_superseded_submission_arrives_late_and_a_correction_too(ask: duckdb.DuckDBPyConnection) -> None:
    newest = 'max("UniqueSubmissionID") AS newest FROM'
    grouped = 'GROUP BY "OrgID_Prov", "UniqMonthID"'
    for late, is_newer in (("> f.newest", True), ("< f.newest", False)):
        assert _one(
            ask,
            f'(SELECT "OrgID_Prov", "UniqMonthID", {newest} community_care_contact_2 {grouped}) AS l JOIN'
            f' (SELECT "OrgID_Prov", "UniqMonthID", {newest} community_care_contact_1 {grouped}) AS f'
            f' USING ("OrgID_Prov", "UniqMonthID") WHERE l.newest {late}',
        ), is_newer


@pytest.mark.slow
def test_whoever_opted_out_carries_codes_that_nobody_else_has(ask: duckdb.DuckDBPyConnection) -> None:
    assert _one(ask, "truth_opt_out WHERE status = 'active' AND kind = 'type_1'") > PEOPLE * 0.015
    assert _one(ask, "(SELECT person FROM truth_opt_out GROUP BY person HAVING count(*) > 1)") > 0
    carried = {
        "gp": "SELECT true_person, CODE FROM gp_journal_1 JOIN truth_identity_gp USING (NHS_NUMBER)",
        "community": 'SELECT true_person, "Finding_SNOMED_CT" FROM community_care_contact_1'
        ' JOIN truth_identity_community USING ("OrgID_Prov", "Person_ID")',
        "mental_health": 'SELECT true_person, "PrimDiag" FROM mental_health_diagnosis_1'
        ' JOIN truth_identity_mental_health USING ("OrgIDProv", "Person_ID")',
        "social_care": 'SELECT true_person, "Reported_Health_Condition" FROM social_care_event_1'
        ' JOIN truth_identity_social_care USING ("LA_Code", "Person_ID")',
    }
    for feed, sql in carried.items():
        codes = f"SELECT code FROM truth_canary WHERE feed = '{feed}'"
        found = f"(SELECT DISTINCT p, code FROM ({sql}) AS e(p, code) WHERE code IN ({codes}))"
        stated = f"(SELECT DISTINCT person AS p, code FROM truth_canary WHERE feed = '{feed}')"
        assert _one(ask, f"(FROM {found} EXCEPT FROM {stated})") == 0, feed
        assert _one(ask, found) >= 0.99 * _one(ask, stated) > 0, feed


@pytest.mark.slow
def test_opt_outs_are_written_as_they_are_loaded(region: tuple[Path, RegionMade]) -> None:
    with (region[0] / "optouts" / "optouts.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["nhs_number", "kind", "controller", "status", "from", "to"]
    assert {row["kind"] for row in rows} == {"type_1", "local", "gdpr_objection", "summary_care_record"}
    controllers = {controller for feed in region_feeds() for controller in feed.controllers} | {""}
    assert {row["controller"] for row in rows} == controllers
    assert all(_is_valid(row["nhs_number"]) for row in rows)
    assert all(bool(row["controller"]) == (row["kind"] == "gdpr_objection") for row in rows)


@pytest.mark.slow
def test_the_check_service_answers_what_it_was_asked(region: tuple[Path, RegionMade], tmp_path: Path) -> None:
    from intake.synth.check_service import answer_request

    with duckdb.connect() as connection:
        numbers = connection.execute(f"SELECT nhs_number FROM '{region[0]}/truth/person.parquet'").fetchall()
        refused = _one(connection, f"'{region[0]}/truth/opt_out.parquet' WHERE kind = 'national' AND status = 'active'")
    (tmp_path / "request.dat").write_text("".join(f"{number},\n" for (number,) in numbers))
    allowed = answer_request(tmp_path / "request.dat", region[0], tmp_path / "answer.dat")
    assert allowed == len(numbers) - refused == (tmp_path / "answer.dat").read_bytes().count(b",\n")
