"""Loading a project's data: the extract in force, its manifest as recorded, cut to the live grants."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from governance import registry
from governance.catalogue import Catalogue, CatalogueColumn, CatalogueTable, ColumnUse, TableKind
from governance.extracts import check_extract_bytes, load_project_data, read_manifest
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store

BY, BYTES = "operator:test", b"a database"
SHA256 = hashlib.sha256(BYTES).hexdigest()
CUT = hashlib.sha256(b"the source").hexdigest()


def column(name: str, use: ColumnUse = ColumnUse.GROUP) -> CatalogueColumn:
    return CatalogueColumn(name, "BIGINT", use, f"about {name}", 0.0, 9.0)


CATALOGUE = Catalogue(
    {
        "person": CatalogueTable(
            "person",
            TableKind.PRIVATE,
            {"person_id": column("person_id", ColumnUse.PERSON), "year_of_birth": column("year_of_birth")},
            one_row_per_person=True,
            description="one row a person",
        ),
        "note": CatalogueTable("note", TableKind.PRIVATE, {"person_id": column("person_id", ColumnUse.PERSON)}),
        "concept": CatalogueTable("concept", TableKind.PUBLIC, {"concept_id": column("concept_id")}),
    }
)


def adopt(store: Store, settings: Settings, slug: str, **changes: Any) -> Path:
    """What intake leaves behind, with `changes` to the manifest."""
    folder = settings.folder.extracts / slug / "1"
    folder.mkdir(parents=True)
    (folder / "extract.duckdb").write_bytes(BYTES)
    manifest = {"format": 2, "project": slug, "sha256": SHA256, "people": 12, "source_sha256": CUT}
    manifest |= {"created_at": "2026-11-22T10:00:00+00:00", "tables": CATALOGUE.as_dict(), **changes}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    registry.record_extract(store, actor=BY, slug=slug, folder=f"{slug}/1", sha256=SHA256, people=12, rows=34)
    return folder


def code_of(settings: Settings, store: Store, slug: str, load: Any = load_project_data) -> str:
    with store.reading() as session, pytest.raises(Refusal) as refused:
        load(settings, session, slug)
    return refused.value.code


def test_a_project_gets_its_extract_cut_to_its_grants(demo_register: Store, settings: Settings) -> None:
    for slug in ("gi-bleed", "respiratory"):
        adopt(demo_register, settings, slug)
    with demo_register.reading() as session:
        everything = load_project_data(settings, session, "gi-bleed")
        some = load_project_data(settings, session, "respiratory")
        check_extract_bytes(settings, session, "gi-bleed")
    assert everything.catalogue == CATALOGUE
    assert set(some.catalogue.tables) == {"person", "concept"}, "note is not granted"
    assert (some.sha256, some.people, some.cut) == (SHA256, 12, CUT)
    assert some.database == settings.folder.extracts / "respiratory" / "1" / "extract.duckdb"


def test_a_revoked_grant_is_gone_from_the_next_load_on(demo_register: Store, settings: Settings) -> None:
    adopt(demo_register, settings, "respiratory")
    registry.revoke_grant(demo_register, actor=BY, slug="respiratory", table="person")
    registry.grant_table(demo_register, actor=BY, slug="respiratory", table="note", columns=["note_date"])
    with demo_register.reading() as session:
        tables = load_project_data(settings, session, "respiratory").catalogue.tables
    assert set(tables) == {"concept", "note"}
    assert set(tables["note"].columns) == {"person_id"}, "the person key always stays"


def test_without_an_extract_there_is_no_data(demo_register: Store, settings: Settings) -> None:
    assert code_of(settings, demo_register, "gi-bleed") == "no-extract"
    assert code_of(settings, demo_register, "nowhere") == "no-extract"


@pytest.mark.parametrize(
    "change",
    [
        {"format": 3},
        {"format": None},
        {"source_sha256": None},
        {"source_sha256": ""},
        {"source_sha256": CUT.upper()},
        {"project": "respiratory"},
        {"sha256": "0" * 64},
        {"people": 13},
        {"tables": None},
        {"tables": []},
        {"tables": {"person": {"kind": "private"}}},
        {"tables": {"person": {"kind": "?", "one_row_per_person": 1, "description": "", "columns": []}}},
    ],
    ids=str,
)
def test_a_manifest_that_says_otherwise_is_damage(
    demo_register: Store, settings: Settings, change: dict[str, Any]
) -> None:
    adopt(demo_register, settings, "gi-bleed", **change)
    assert code_of(settings, demo_register, "gi-bleed") == "extract-damaged"


def test_an_extract_without_marks_must_be_built_again(demo_register: Store, settings: Settings) -> None:
    adopt(demo_register, settings, "gi-bleed", format=1)
    assert code_of(settings, demo_register, "gi-bleed") == "extract-outdated"


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff"])
def test_a_manifest_that_cannot_be_read_is_damage(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(Refusal) as refused:
        read_manifest(tmp_path)
    assert refused.value.code == "extract-damaged"


@pytest.mark.parametrize("name", ["extract.duckdb", "manifest.json"])
def test_a_missing_file_is_damage(demo_register: Store, settings: Settings, name: str) -> None:
    (adopt(demo_register, settings, "gi-bleed") / name).unlink()
    assert code_of(settings, demo_register, "gi-bleed") == "extract-damaged"


def test_a_changed_byte_is_damage_when_there_is_time_to_look(demo_register: Store, settings: Settings) -> None:
    (adopt(demo_register, settings, "gi-bleed") / "extract.duckdb").write_bytes(BYTES + b"!")
    assert code_of(settings, demo_register, "gi-bleed", check_extract_bytes) == "extract-damaged"


def test_a_catalogue_survives_its_manifest() -> None:
    assert Catalogue.from_dict(json.loads(json.dumps(CATALOGUE.as_dict()))) == CATALOGUE
    assert CATALOGUE.cut_to({}) == Catalogue()
    cut = CATALOGUE.cut_to({"person": frozenset({"year_of_birth"}), "concept": frozenset(), "other": None})
    assert set(cut.tables["person"].columns) == {"person_id", "year_of_birth"}
    assert cut.tables["person"].one_row_per_person
    assert set(cut.tables["concept"].columns) == set()
