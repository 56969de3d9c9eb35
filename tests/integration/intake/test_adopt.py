"""Adoption on real input: GiBleed becomes two projects' extracts; foreign folders too; nothing half-done stays."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import duckdb
import pytest

from governance.cohort import Cohort, parse_condition
from governance.refusal import Refusal
from governance.registry import current_extract, grant_table, revoke_grant
from governance.settings import Settings
from governance.store import Store
from intake.cut.pipeline import ExtractOrder, ExtractReport, build_extract
from intake.cut.source import AdoptedDatabase

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "synthea27nj-omop54.zip"
BRONCHITIS = parse_condition("condition_occurrence.condition_concept_id=260139,40481087")


def adopt(settings: Settings, store: Store, project: str, source: Path, cohort: Cohort | None = None) -> ExtractReport:
    order = ExtractOrder(project, AdoptedDatabase(source, "synthetic data"), cohort or Cohort())
    return build_extract(settings, store, order, actor="operator:test")


def open_extract(settings: Settings, report: ExtractReport) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(settings.folder.extracts / report.folder / "extract.duckdb"), read_only=True)


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


@pytest.mark.slow
def test_gibleed_becomes_an_extract_that_accounts_for_every_row(
    settings: Settings, demo_register: Store, gibleed: Path
) -> None:
    report = adopt(settings, demo_register, "gi-bleed", gibleed)
    assert report.people == 2694
    assert all(step.rows_in == step.rows_out + step.dropped for step in report.steps)
    with open_extract(settings, report) as extract, duckdb.connect(str(gibleed), read_only=True) as source:
        assert rows(extract, "SELECT count(*) FROM person") == [(2694,)]
        assert rows(extract, "SELECT min(person_ordinal), max(person_ordinal) FROM person") == [(0, 2693)]
        # the same people stand behind the same events, under other names
        counted = (
            "SELECT n, count(*) FROM (SELECT count(*) n FROM drug_exposure GROUP BY person_id) GROUP BY 1 ORDER BY 1"
        )
        assert rows(extract, counted) == rows(source, counted)
        theirs = {row[0] for row in rows(source, "SELECT person_id FROM person")}
        assert not theirs & {row[0] for row in rows(extract, "SELECT person_id FROM person")}
        visits = {row[0] for row in rows(source, "SELECT visit_occurrence_id FROM visit_occurrence")}
        assert not visits & {row[0] for row in rows(extract, "SELECT visit_occurrence_id FROM visit_occurrence")}
        joined = "SELECT count(*) FROM condition_occurrence c JOIN visit_occurrence v USING (visit_occurrence_id)"
        assert rows(extract, joined) == rows(source, joined)
        names = {str(row[0]) for row in rows(extract, "SELECT column_name FROM information_schema.columns")}
        assert not [name for name in names if "source" in name or "datetime" in name or name.startswith("day_")]
        assert rows(extract, "SELECT count(*) FROM death") == [(0,)]  # its one row was its own header
    folder = settings.folder.extracts / report.folder
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o400}
    assert json.loads((folder / "manifest.json").read_text())["sha256"] == report.sha256
    with demo_register.reading() as session:
        current = current_extract(session, "gi-bleed")
        assert current is not None
        assert (current.folder, current.people) == (report.folder, 2694)


@pytest.mark.slow
def test_two_projects_hold_other_people_other_tables_and_pseudonyms_that_do_not_join(
    settings: Settings, demo_register: Store, gibleed: Path
) -> None:
    all_people = adopt(settings, demo_register, "gi-bleed", gibleed)
    some = adopt(settings, demo_register, "respiratory", gibleed, Cohort((BRONCHITIS,), born_after=1950))
    assert 0 < some.people < all_people.people
    assert set(some.tables) < set(all_people.tables)
    assert "measurement" not in some.tables
    with open_extract(settings, all_people) as one, open_extract(settings, some) as other:
        mine = {row[0] for row in rows(one, "SELECT person_id FROM person")}
        assert not mine & {row[0] for row in rows(other, "SELECT person_id FROM person")}
        assert rows(other, "SELECT min(year_of_birth) > 1950 FROM person") == [(True,)]
        present = {row[0] for row in rows(other, "SELECT table_name FROM information_schema.tables")}
        assert present == {*some.tables, "sde_marks"}


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the foreign OMOP load of 28 people is not beside this checkout")
def test_a_folder_of_csv_files_is_adopted(settings: Settings, demo_register: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(SHARED) as archive:
        archive.extractall(tmp_path / "omop")
    report = adopt(settings, demo_register, "gi-bleed", tmp_path / "omop")
    assert report.people == 28
    assert "death" in report.tables
    assert "note" not in report.tables
    zipped = adopt(settings, demo_register, "gi-bleed", SHARED)
    assert (zipped.people, zipped.tables) == (report.people, report.tables)
    assert [step for step in zipped.steps if step.step == "people"] == [s for s in report.steps if s.step == "people"]


def small_source(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


PERSON = "person_id,gender_concept_id,year_of_birth\n1,8507,1950\n2,8532,1960\n"


def test_rows_of_nobody_are_dropped_and_counted_and_unreadable_values_become_null(
    settings: Settings, demo_register: Store, tmp_path: Path
) -> None:
    drugs = "drug_exposure_id,person_id,drug_concept_id,days_supply\n1,1,7,30\n2,99,7,30\n3,,7,30\n4,2,7,many\n"
    report = adopt(
        settings, demo_register, "gi-bleed", small_source(tmp_path / "s", person=PERSON, drug_exposure=drugs)
    )
    steps = {(step.table, step.step): step for step in report.steps}
    assert steps["drug_exposure", "people"].dropped == 2
    assert steps["drug_exposure", "types"].why.startswith("1 unreadable")
    with open_extract(settings, report) as extract:
        assert rows(extract, "SELECT count(*), count(days_supply) FROM drug_exposure") == [(2, 1)]


def test_only_granted_columns_are_copied(settings: Settings, demo_register: Store, tmp_path: Path) -> None:
    revoke_grant(demo_register, actor="operator:test", slug="gi-bleed", table="*")
    grant_table(demo_register, actor="operator:test", slug="gi-bleed", table="person", columns=("year_of_birth",))
    report = adopt(settings, demo_register, "gi-bleed", small_source(tmp_path / "s", person=PERSON))
    with open_extract(settings, report) as extract:
        columns = {row[0] for row in rows(extract, "SELECT column_name FROM information_schema.columns")}
    assert columns == {"person_id", "person_ordinal", "year_of_birth", "mark"}


def marks(settings: Settings, report: ExtractReport) -> dict[object, object]:
    """Mark by year of birth, which is unique in these sources."""
    with open_extract(settings, report) as extract:
        return dict(rows(extract, "SELECT year_of_birth, mark FROM person JOIN sde_marks USING (person_id)"))


def cut_of(settings: Settings, report: ExtractReport) -> str:
    return str(json.loads((settings.folder.extracts / report.folder / "manifest.json").read_text())["source_sha256"])


def test_projects_of_one_cut_share_marks_and_of_another_cut_none(
    settings: Settings, demo_register: Store, tmp_path: Path
) -> None:
    source = small_source(tmp_path / "s", person=PERSON + "3,8507,1970\n")
    elsewhere = small_source(tmp_path / "copy", person=PERSON + "3,8507,1970\n")
    later = small_source(tmp_path / "later", person=PERSON + "3,8507,1970\n4,8507,1980\n")
    one = adopt(settings, demo_register, "gi-bleed", source)
    other = adopt(settings, demo_register, "respiratory", elsewhere, Cohort(born_after=1955))
    assert cut_of(settings, one) == cut_of(settings, other)
    assert marks(settings, other).items() <= marks(settings, one).items()
    assert len(marks(settings, other)) == 2
    with open_extract(settings, one) as extract:
        types = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'sde_marks'"
        assert rows(extract, types) == [("person_id", "BIGINT"), ("mark", "UBIGINT")]
        people = rows(extract, "SELECT person_id FROM sde_marks")
        assert people == sorted(people) == rows(extract, "SELECT person_id FROM person ORDER BY person_id")
    new = adopt(settings, demo_register, "gi-bleed", later)
    assert cut_of(settings, new) != cut_of(settings, one)
    assert not set(marks(settings, new).values()) & set(marks(settings, one).values())
    names = sorted(file.name for file in settings.folder.keys.glob("cut-*"))
    assert names == sorted(f"cut-{cut_of(settings, report)}.mark.key" for report in (one, new))


def test_marks_are_named_nowhere(settings: Settings, demo_register: Store, tmp_path: Path) -> None:
    report = adopt(settings, demo_register, "gi-bleed", small_source(tmp_path / "s", person=PERSON))
    manifest = json.loads((settings.folder.extracts / report.folder / "manifest.json").read_text())
    assert "sde_marks" not in json.dumps(manifest["tables"]) + json.dumps(manifest["steps"])
    assert manifest["rows"] == report.rows == 2
    key = (settings.folder.keys / f"cut-{manifest['source_sha256']}.mark.key").read_bytes()
    assert key not in (settings.folder.extracts / report.folder / "extract.duckdb").read_bytes()


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("no-person-table", {"concept": "concept_id\n1\n"}),
        ("person-not-unique", {"person": PERSON + "1,8507,1950\n"}),
        ("empty-cohort", {"person": "person_id,year_of_birth\n"}),
    ],
)
def test_a_refused_adoption_leaves_nothing_behind(
    settings: Settings, demo_register: Store, tmp_path: Path, code: str, files: dict[str, str]
) -> None:
    with pytest.raises(Refusal, match=code):
        adopt(settings, demo_register, "gi-bleed", small_source(tmp_path / "s", **files))
    assert not list((settings.folder.extracts / "gi-bleed").iterdir())
    with demo_register.reading() as session:
        assert current_extract(session, "gi-bleed") is None


@pytest.mark.parametrize(
    ("code", "project", "source"),
    [
        ("no-such-source", "gi-bleed", "nowhere.duckdb"),
        ("unreadable-source", "gi-bleed", "broken.duckdb"),
        ("no-such-project", "other", "broken.duckdb"),
    ],
)
def test_bad_orders_are_refused_in_words(
    settings: Settings, demo_register: Store, tmp_path: Path, code: str, project: str, source: str
) -> None:
    (tmp_path / "broken.duckdb").write_bytes(b"NHS number 943 476 5919 is not a database")
    with pytest.raises(Refusal, match=code) as refused:
        adopt(settings, demo_register, project, tmp_path / source)
    assert "943" not in str(refused.value)


def test_without_grants_nothing_is_adopted(settings: Settings, demo_register: Store, tmp_path: Path) -> None:
    revoke_grant(demo_register, actor="operator:test", slug="gi-bleed", table="*")
    with pytest.raises(Refusal, match="nothing-granted"):
        adopt(settings, demo_register, "gi-bleed", small_source(tmp_path / "s", person=PERSON))


def test_without_a_word_on_opt_outs_nothing_is_adopted(
    settings: Settings, demo_register: Store, tmp_path: Path
) -> None:
    source = AdoptedDatabase(small_source(tmp_path / "s", person=PERSON), " ")
    with pytest.raises(Refusal, match="opt-outs-unknown"):
        build_extract(settings, demo_register, ExtractOrder("gi-bleed", source), actor="operator:test")
    assert not list((settings.folder.extracts / "gi-bleed").iterdir())


def test_the_word_on_opt_outs_stays_with_the_extract(settings: Settings, demo_register: Store, tmp_path: Path) -> None:
    report = adopt(settings, demo_register, "gi-bleed", small_source(tmp_path / "s", person=PERSON))
    manifest = json.loads((settings.folder.extracts / report.folder / "manifest.json").read_text())
    assert (manifest["opt_outs"], manifest["purpose"]) == ("synthetic data", "local_research")
    with demo_register.reading() as session:
        current = current_extract(session, "gi-bleed")
        assert current is not None
        assert (current.origin, current.purpose) == ("adopted", "local_research")
