"""A project's keys over its life: rotated, retired, missed, destroyed with a certificate. Real extracts and files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from governance.audit import public_key, read_events, verify_chain
from governance.extracts import MARKS, read_manifest
from governance.refusal import Refusal
from governance.registry import change_project
from governance.settings import Settings
from intake.keys import FileKeyStore
from intake.keys.certificate import verify
from intake.keys.ending import destroy_keys, rotate_keys
from tests.support.reidentification_lab import (
    OPERATOR,
    OTHER_PROJECT,
    PEOPLE,
    PROJECT,
    Lab,
    make_template,
    number_of,
    open_copy,
    spine_id,
)
from tests.support.who_is_who import files_with_both

pytestmark = pytest.mark.slow  # whole extracts, built and copied


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, demo_template: Path) -> Lab:
    return make_template(tmp_path_factory.mktemp("lab") / "state", demo_template)


@pytest.fixture
def lab(template: Lab, settings: Settings) -> Iterator[Lab]:
    yield from open_copy(template, settings)


@pytest.fixture
def keys(lab: Lab) -> FileKeyStore:
    return FileKeyStore(lab.settings.folder.keys)


def people(lab: Lab) -> set[int]:
    with duckdb.connect(str(lab.database()), read_only=True) as extract:
        return {row[0] for row in extract.execute(f"SELECT person_id FROM {MARKS}").fetchall()}


def events(lab: Lab, name: str) -> list[dict[str, object]]:
    with lab.store.reading() as session:
        return [json.loads(event.detail) for event in read_events(session) if event.event == name]


def close(lab: Lab) -> None:
    change_project(lab.store, actor=OPERATOR, slug=PROJECT, status="closed")


def test_the_manifest_names_the_keys_and_a_refresh_keeps_the_pseudonyms(lab: Lab, keys: FileKeyStore) -> None:
    before = people(lab)
    named = read_manifest(lab.database().parent)["keys"]
    assert named == {record.domain: record.key_id for record in keys.records(PROJECT)}
    lab.cut(PROJECT)
    assert people(lab) == before
    assert read_manifest(lab.database().parent)["keys"] == named


def test_after_rotation_the_next_extract_has_other_pseudonyms_and_the_old_key_goes(
    lab: Lab, keys: FileKeyStore
) -> None:
    before, old = people(lab), keys.open(PROJECT, "person").key_id
    [made] = rotate_keys(lab.store, keys, PROJECT, actor=OPERATOR)
    assert people(lab) == before
    assert [record.held for record in keys.records(PROJECT)] == [True, True], "the extract in force needs the old one"
    lab.cut(PROJECT)
    assert not people(lab) & before
    assert len(people(lab)) == len(before)
    assert [record.held for record in keys.records(PROJECT)] == [False, True]
    assert events(lab, "key.rotated") == [{"domain": "person", "generation": 2, "key_id": made.key_id}]
    assert events(lab, "key.retired") == [{"domain": "person", "generation": 1, "key_id": old}]


@pytest.mark.parametrize("lost", ["the key", "the folder"])
def test_a_lost_key_stops_the_next_extract_and_leaves_the_one_in_force(lab: Lab, keys: FileKeyStore, lost: str) -> None:
    before = people(lab)
    for file in keys.folder.glob(f"{PROJECT}.*"):
        if lost == "the folder" or file.suffix == ".key":
            file.unlink()
    with pytest.raises(Refusal, match="key-missing"):
        lab.cut(PROJECT)
    assert people(lab) == before
    assert not list(keys.folder.glob(f"{PROJECT}.*.key")), "none was made in silence"


def test_nothing_is_rotated_that_never_was(lab: Lab, keys: FileKeyStore) -> None:
    with pytest.raises(Refusal, match="key-missing"):
        rotate_keys(lab.store, keys, "dementia-nation", actor=OPERATOR)
    with pytest.raises(Refusal, match="role-missing"):
        rotate_keys(lab.store, keys, PROJECT, actor="researcher-c")
    assert events(lab, "key.rotated") == []


def test_only_a_closed_projects_keys_are_destroyed_and_then_for_good(lab: Lab, keys: FileKeyStore) -> None:
    secret = (keys.folder / f"{PROJECT}.person.key").read_bytes()
    held = keys.open(PROJECT, "person").key_id
    with pytest.raises(Refusal, match="project-not-closed"):
        destroy_keys(lab.settings, lab.store, keys, PROJECT, actor=OPERATOR)
    close(lab)
    file = destroy_keys(lab.settings, lab.store, keys, PROJECT, actor=OPERATOR)
    for found in lab.settings.folder.root.rglob("*"):
        assert not found.is_file() or secret not in found.read_bytes()
    certificate = verify(file.read_bytes(), public_key(lab.settings.folder.keys / "audit-signing.pem"))
    assert [key.key_id for key in certificate.keys] == [held]
    assert [extract.state for extract in certificate.extracts] == ["in force"]
    assert events(lab, "key.destroyed") == [{"keys": held, "certificate": file.name}]
    for attempt in (
        lambda: keys.open(PROJECT, "person"),
        lambda: keys.open(PROJECT, "person", make=True),
        lambda: keys.open(PROJECT, "person", key_id=held),
        lambda: keys.rotate(PROJECT, "person"),
        lambda: destroy_keys(lab.settings, lab.store, keys, PROJECT, actor=OPERATOR),
    ):
        with pytest.raises(Refusal, match="key-destroyed"):
            attempt()
    with pytest.raises(Refusal, match="project-not-active"):
        lab.cut(PROJECT)
    assert keys.open(OTHER_PROJECT, "person"), "another project's keys stay"
    with lab.store.reading() as session:
        assert verify_chain(session, lab.store.audit_head, lab.store.signing_key).holds


def test_a_destruction_that_broke_off_before_its_certificate_is_completed(
    lab: Lab, keys: FileKeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = keys.open(PROJECT, "person").key_id
    close(lab)
    monkeypatch.setattr("intake.keys.ending.write_signed", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        destroy_keys(lab.settings, lab.store, keys, PROJECT, actor=OPERATOR)
    monkeypatch.undo()
    assert events(lab, "key.destroyed") == []
    with pytest.raises(Refusal, match="key-destroyed"):
        keys.open(PROJECT, "person", make=True)
    file = destroy_keys(lab.settings, lab.store, keys, PROJECT, actor=OPERATOR)
    assert held in file.read_text()


def test_no_file_says_whose_a_pseudonym_is(lab: Lab) -> None:
    """After whole builds of two projects. The scan is shown to find what it looks for."""
    numbers = [*map(number_of, range(1, PEOPLE + 2)), *map(spine_id, range(1, PEOPLE + 2))]
    root = lab.settings.folder.root
    lab.store.close()
    assert files_with_both(root, people(lab), numbers) == []
    planted = root / "logs" / "careless.log"
    planted.write_text(f"{lab.pseudonym(7)} is {number_of(7)}")
    assert files_with_both(root, people(lab), numbers) == [planted]


def test_the_command_line_destroys_and_verifies_elsewhere(lab: Lab, tmp_path: Path) -> None:
    def sde(*arguments: str, code: int = 0, state: Path = lab.settings.folder.root) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "sde"), "key", *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "SDE_STATE": str(state)},
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert "generation 2" in sde("rotate", PROJECT)
    listed = json.loads(sde("list", PROJECT, "--json"))
    assert [(key["domain"], key["generation"], key["held"]) for key in listed] == [
        ("person", 1, True),
        ("person", 2, True),
    ]
    close(lab)
    sde("destroy", PROJECT, code=1)  # nobody says yes
    certificate = Path(sde("destroy", PROJECT, "--yes").split("Certificate: ")[1].strip())
    public = sde("public-key").strip()
    away = tmp_path / "elsewhere.json"
    away.write_bytes(certificate.read_bytes())
    assert "OK" in sde("verify-certificate", str(certificate))
    assert "OK" in sde("verify-certificate", str(away), "--public-key", public, state=tmp_path / "no-gateway")
    assert "signing-key-missing" in sde("verify-certificate", str(away), state=tmp_path / "no-gateway", code=1)
    away.write_text(away.read_text().replace(PROJECT, OTHER_PROJECT))
    assert "certificate-not-signed" in sde("verify-certificate", str(away), "--public-key", public, code=1)
    assert "certificate-unreadable" in sde("verify-certificate", str(tmp_path / "none"), code=1)
