"""The short vocabulary, and a site's own: checked whole, in force whole or not at all, preferred to the short one."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from governance.audit import read_events
from governance.refusal import Refusal
from governance.registry.vocabularies import is_vocabulary_recorded, record_vocabulary
from governance.settings import Settings
from governance.store import Store
from intake.omop import loading
from intake.omop.concepts import FIRST_OF_SITE, open_vocabulary, vocabulary_in_force
from intake.omop.loading import load_vocabulary, read_loaded
from intake.sources import open_workbench
from tests.support.vocabulary_download import CONCEPTS, RELATIONS, download

BY = "operator:test"


def targets(settings: Settings, vocabulary: str, code: str) -> list[tuple[Any, ...]]:
    with open_workbench() as connection:
        open_vocabulary(connection, vocabulary_in_force(settings).folder)
        return connection.execute(
            "SELECT ordinal, source_concept_id, concept_id, target FROM code_map WHERE vocabulary = ? AND code = ?"
            " ORDER BY 1",
            [vocabulary, code],
        ).fetchall()


def rows_of(name: str, package: str = "intake.omop") -> list[dict[str, str]]:
    with files(package).joinpath(name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_code_of_the_synthetic_region_is_mapped() -> None:
    mapped = {(row["vocabulary"], row["code"]) for row in rows_of("vocabulary/code_map.csv")}
    used = {(row["vocabulary"], row["code"]) for row in rows_of("codes.csv", "intake.synth")}
    assert used <= mapped


def test_concepts_stand_once_and_those_without_an_official_id_say_so() -> None:
    concepts = rows_of("vocabulary/concept.csv")
    ids = [int(row["concept_id"]) for row in concepts]
    assert len(ids) == len(set(ids))
    assert {int(row["concept_id"]) > FIRST_OF_SITE for row in concepts if row["vocabulary_id"] == "SDE Site"} == {True}
    assert {int(row["concept_id"]) < FIRST_OF_SITE for row in concepts if row["vocabulary_id"] != "SDE Site"} == {True}
    named = {int(row["concept_id"]) for row in rows_of("vocabulary/code_map.csv")}
    assert named <= set(ids)


def test_every_measured_code_has_a_unit_and_a_range() -> None:
    measured = {row["code"] for row in rows_of("codes.csv", "intake.synth") if row["unit"]}
    concepts = {row["code"]: row["concept_id"] for row in rows_of("vocabulary/code_map.csv")}
    units = {row["concept_id"]: row for row in rows_of("vocabulary/units.csv")}
    for code in measured:
        unit = units[concepts[code]]
        assert float(unit["low"]) < float(unit["high"])


def test_a_download_comes_before_the_short_vocabulary(settings: Settings, store: Store, tmp_path: Path) -> None:
    assert targets(settings, "ICD10", "I10X") == [(0, 0, 320128, "condition_occurrence")]
    loaded = load_vocabulary(settings, store, download(tmp_path / "athena"), actor=BY)
    assert vocabulary_in_force(settings).version == loaded.version
    assert targets(settings, "ICD10", "I10X") == [(0, 45533021, 320128, "condition_occurrence")]
    assert targets(settings, "ICD10", "E119") == [
        (0, 45591027, 201826, "condition_occurrence"),
        (1, 45591027, 4193704, "observation"),
    ]
    assert targets(settings, "NHS Sex", "1") == [(0, 0, 8507, "observation")]  # no download has the feeds' lists
    with store.reading() as session:
        (event,) = [event for event in read_events(session) if event.event == "vocabulary.loaded"]
    assert loaded.version in event.detail


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"CONCEPT": CONCEPTS[:1]}, "vocabulary-malformed"),
        ({"CONCEPT": [*CONCEPTS, CONCEPTS[1]]}, "vocabulary-malformed"),
        ({"CONCEPT": [*CONCEPTS, CONCEPTS[1].replace("45533021", "not a number")]}, "vocabulary-malformed"),
        ({"CONCEPT": [*CONCEPTS, "1\ttorn"]}, "vocabulary-malformed"),
        ({"CONCEPT": [line.replace("domain_id", "area") for line in CONCEPTS]}, "vocabulary-malformed"),
        ({"CONCEPT_RELATIONSHIP": RELATIONS[:1]}, "vocabulary-malformed"),
        ({"CONCEPT_RELATIONSHIP": [RELATIONS[0], RELATIONS[-1].replace("Maps to", "Is a")]}, "vocabulary-malformed"),
        ({"LSOA_IMD": ["lsoa_code,imd_decile", "E01000001,ten"]}, "vocabulary-malformed"),
    ],
)
def test_what_is_not_whole_changes_nothing(
    settings: Settings, store: Store, tmp_path: Path, changes: dict[str, list[str]], code: str
) -> None:
    good = load_vocabulary(settings, store, download(tmp_path / "good"), actor=BY)
    with pytest.raises(Refusal) as refused:
        load_vocabulary(settings, store, download(tmp_path / "bad", **changes), actor=BY)
    assert refused.value.code == code
    assert vocabulary_in_force(settings).version == good.version
    assert [folder.name for folder in settings.folder.vocabulary.iterdir()] == [good.version]


def test_a_folder_without_a_vocabulary_is_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Refusal) as refused:
            load_vocabulary(settings, store, folder, actor=BY)
        assert refused.value.code == "no-vocabulary"


def test_an_interrupt_when_all_is_on_record_takes_nothing_back(
    settings: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*place: Any, **facts: Any) -> None:
        record_vocabulary(*place, **facts)
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "record_vocabulary", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_vocabulary(settings, store, download(tmp_path / "athena"), actor=BY)
    assert is_vocabulary_recorded(store, vocabulary_in_force(settings).version)


def test_somebody_without_the_role_puts_nothing_in_force(settings: Settings, store: Store, tmp_path: Path) -> None:
    with pytest.raises(Refusal):
        load_vocabulary(settings, store, download(tmp_path / "athena"), actor="nobody")
    assert vocabulary_in_force(settings).folder is None


def test_deciles_of_areas_may_come_alone_and_stay(settings: Settings, store: Store, tmp_path: Path) -> None:
    alone = tmp_path / "areas"
    alone.mkdir()
    (alone / "LSOA_IMD.csv").write_text("lsoa_code,imd_decile\nE01000001,3\n")
    load_vocabulary(settings, store, alone, actor=BY)
    assert targets(settings, "ICD10", "I10X") == [(0, 0, 320128, "condition_occurrence")]
    load_vocabulary(settings, store, download(tmp_path / "athena"), actor=BY)
    known = vocabulary_in_force(settings)
    assert known.folder is not None
    assert read_loaded(known.folder).rows["area"] == 1
    with open_workbench() as connection:
        open_vocabulary(connection, known.folder)
        assert connection.execute("SELECT * FROM area_decile").fetchall() == [("E01000001", 3)]
