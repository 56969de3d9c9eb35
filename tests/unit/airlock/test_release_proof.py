"""The offline proof of a release, and everything that must break it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from docs.pages.release_manifest import SCHEMA
from egress.commands.release import app, read_key
from egress.release import release
from egress.releasing.documents import canonical, check_inside, digest
from egress.releasing.folder_store import FolderStore
from egress.releasing.manifest import read_told_of
from egress.releasing.released import read_released, told_of_record
from egress.releasing.signing import claimed_key, is_signed_by, public_key, public_pem, sign
from egress.releasing.tombstones import is_tombstone_of, write_tombstone
from egress.releasing.verification import verify_manifest, verify_release
from egress.reviewing import conclude
from governance.clock import now
from governance.refusal import Refusal
from tests.support.airlock_world import AUTHOR, BAD, CHECKER, SECOND, AirlockWorld, Description, output, supporting

pytestmark = pytest.mark.slow  # every combination: several seconds together


def release_of(world: AirlockWorld, *files: object, **more: object) -> tuple[Path, bytes]:
    """A released folder, copied out as its author would, and the public key."""
    request = world.reviewed(*files, **more)  # type: ignore[arg-type]
    conclude(world.airlock, actor=CHECKER, request_id=request)
    done = release(world.airlock, requested_by=CHECKER, request_id=request)
    copy = world.airlock.settings.folder.root / "copies" / request
    shutil.copytree(world.airlock.settings.folder.releases / done.folder, copy)
    for path in copy.rglob("*"):
        path.chmod(0o700)
    return copy, public_key(world.airlock.settings.folder.keys)


@pytest.fixture
def released(world: AirlockWorld) -> tuple[Path, bytes]:
    return release_of(world, output("a.csv", b"x,METADATAy\n"), output("b.csv", b"other"), supporting())


def refused(place: Path, key: bytes | None, request: str = "") -> str:
    with pytest.raises(Refusal) as refusal:
        verify_release(place, key, request)
    return refusal.value.code


def test_a_whole_release_is_proven_in_one_line(released: tuple[Path, bytes]) -> None:
    folder, key = released
    proof = verify_release(folder, key, folder.name)
    assert (proof.files, proof.bytes, proof.request) == (2, 9, folder.name)
    assert str(proof).startswith("OK: 2 files (9 bytes) are exactly what was released")
    alone = verify_manifest(folder / "manifest.json", key)
    assert "No file was looked at" in str(alone)


def test_the_manifest_holds_both_digests_and_fits_its_schema(released: tuple[Path, bytes]) -> None:
    folder, key = released
    manifest = json.loads((folder / "manifest.json").read_bytes())
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(manifest)
    first, second = manifest["files"]
    assert (first["sanitised"], first["removed"], first["approved"]["size"]) == (True, ["a word"], 12)
    assert (second["sanitised"], second["sha256"]) == (False, second["approved"]["sha256"])
    assert [vote["checker"] for vote in first["votes"]] == [CHECKER, SECOND]
    assert manifest["exception"] is None
    assert (folder / "manifest.json").read_bytes() == canonical(manifest)
    assert is_signed_by((folder / "manifest.json").read_bytes(), (folder / "manifest.sig").read_bytes(), key)


def put_link(folder: Path) -> None:
    (folder / "a.csv").rename(folder.parent / "elsewhere.csv")
    (folder / "a.csv").symlink_to(folder.parent / "elsewhere.csv")


def put_folder(folder: Path) -> None:
    (folder / "a.csv").unlink()
    (folder / "a.csv").mkdir()


def put_pipe(folder: Path) -> None:
    (folder / "a.csv").unlink()
    os.mkfifo(folder / "a.csv")


def write(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte": (write("a.csv", b"x,z\n"), "file-changed"),
    "one byte more": (lambda folder: (folder / "a.csv").write_bytes(b"x,y\n "), "file-changed"),
    "another file in its place": (lambda folder: shutil.copy(folder / "b.csv", folder / "a.csv"), "file-changed"),
    "a file gone": (remove("b.csv"), "file-missing"),
    "a file more": (write("checksums/c.csv", b"new"), "file-added"),
    "a link for a file": (put_link, "link-in-release"),
    "a linked folder": (lambda folder: (folder / "extra").symlink_to(folder.parent), "link-in-release"),
    "a folder for a file": (put_folder, "file-missing"),
    "a pipe for a file": (put_pipe, "file-changed"),
    "a shorter manifest": (
        lambda folder: (folder / "manifest.json").write_bytes((folder / "manifest.json").read_bytes()[:-40]),
        "signature-wrong",
    ),
    "no manifest": (remove("manifest.json"), "not-a-release"),
    "no signature": (remove("manifest.sig"), "not-a-release"),
    "other results": (write("results.json", b"{}"), "file-changed"),
    "no results": (remove("results.json"), "file-missing"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_was_changed_is_named(released: tuple[Path, bytes], what: str) -> None:
    folder, key = released
    change, code = CHANGES[what]
    change(folder)
    assert refused(folder, key) == code


def test_another_releases_manifest_does_not_pass(world: AirlockWorld, released: tuple[Path, bytes]) -> None:
    folder, key = released
    other, _ = release_of(world, output("a.csv", b"of another"))
    assert refused(other, key, folder.name) == "other-release"
    for name in ("manifest.json", "manifest.sig"):
        shutil.copy(folder / name, other / name)
    assert refused(other, key) == "file-changed"


def test_without_the_key_nothing_is_proven(released: tuple[Path, bytes]) -> None:
    folder, key = released
    with pytest.raises(Refusal) as refusal:
        verify_release(folder, None)
    assert (refusal.value.code, key.hex() in refusal.value.message) == ("key-unknown", True)
    (folder / "manifest.sig").write_bytes(b"{}")
    with pytest.raises(Refusal, match="key-unknown"):
        verify_manifest(folder / "manifest.json", None)
    assert refused(folder, bytes(32)) == "signature-wrong"
    assert claimed_key(b'{"public_key": "00"}') == ""


def sign_anew(folder: Path, keys: Path, manifest: object) -> None:
    document = manifest if isinstance(manifest, bytes) else canonical(manifest)  # type: ignore[arg-type]
    (folder / "manifest.json").write_bytes(document)
    (folder / "manifest.sig").write_bytes(sign(document, keys))


def test_a_signed_document_that_is_no_manifest_is_none(world: AirlockWorld, released: tuple[Path, bytes]) -> None:
    folder, key = released
    keys = world.airlock.settings.folder.keys
    good = json.loads((folder / "manifest.json").read_bytes())
    row = good["files"][0]
    bad: list[object] = [
        b"{",
        b"[" * 100_000,
        b"[]",
        {},
        good | {"format": 1},
        good | {"kind": "sde-recall"},
        good | {"request": 7},
        good | {"files": [row, row]},
        good | {"files": [row | {"size": True}]},
        good | {"files": [row | {"name": "../../outside"}]},
        good | {"files": [row | {"name": "/etc/passwd"}]},
        good | {"files": {"a": 1}},
    ]
    for manifest in bad:
        sign_anew(folder, keys, manifest)
        assert refused(folder, key) == "not-a-release"


@pytest.mark.parametrize("name", ["", "a//b", "../a", "a/..", "a\\b", "c:a", "a\n", "."])
def test_names_stay_inside(name: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        check_inside(name)


def test_a_recall_is_seen_offline_and_cannot_be_forged(world: AirlockWorld, released: tuple[Path, bytes]) -> None:
    folder, key = released
    keys = world.airlock.settings.folder.keys
    sha256 = digest((folder / "manifest.json").read_bytes())
    stone = write_tombstone("p", folder.name, sha256, "0" * 16, now())
    (folder / "recalled.json").write_bytes(stone)
    assert refused(folder, key) == "tombstone-wrong"
    (folder / "recalled.sig").write_bytes(sign(stone, keys))
    assert refused(folder, key) == "release-recalled"
    other = write_tombstone("p", folder.name, "0" * 64, "0" * 16, now())
    (folder / "recalled.json").write_bytes(other)
    assert refused(folder, key) == "tombstone-wrong"
    (folder / "recalled.sig").write_bytes(sign(other, keys))
    assert refused(folder, key) == "tombstone-wrong"
    assert not is_tombstone_of(b"[]", sha256)


def test_an_exception_stands_in_the_manifest_and_in_acros_words(world: AirlockWorld) -> None:
    from egress.ending_review import decide_and_release

    asking = Description("t", "c", "d", exception="The funder needs it.")
    request = world.reviewed(output(content=BAD), description=asking)
    conclude(world.airlock, actor=CHECKER, request_id=request)
    given = {"decision": "approved", "reason": "Agreed."}
    decide_and_release(world.airlock, actor="steward", request_id=request, **given)
    folder = world.airlock.settings.folder.releases / world.row(request).project_slug / request
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["exception"] == {"reason": "The funder needs it.", "controller": "steward", "decision": "Agreed."}
    (result,) = json.loads((folder / "results.json").read_bytes())["results"].values()
    assert (result["status"], result["exception"]) == ("fail", "The funder needs it.")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_proves_lists_and_shows(world: AirlockWorld, released: tuple[Path, bytes], tmp_path: Path) -> None:
    folder, key = released
    pem = tmp_path / "key.pem"
    pem.write_text(run("key", "--pem"))
    assert run("key").strip() == key.hex() == read_key(str(pem)).hex()
    assert public_pem(key) == pem.read_text()
    assert "OK: 2 files" in run("verify", str(folder))  # this gateway's own key
    assert json.loads(run("verify", str(folder), "--key", key.hex(), "--json"))["files"] == 2
    assert "genuine" in run("verify", str(folder / "manifest.json"), "--key", str(pem), "--request", folder.name)
    with pytest.raises(Refusal, match="other-release"):
        run("verify", str(folder), "--request", "0" * 16)
    (row,) = json.loads(run("list", "--json"))
    assert (row["request"], row["author"], row["files"], row["bytes"]) == (folder.name, AUTHOR, 2, 9)
    assert json.loads(run("list", "--json", "--project", "respiratory")) == []
    shown = json.loads(run("show", folder.name, "--json"))
    assert [file["name"] for file in shown["files"]] == ["a.csv", "b.csv"]
    assert shown["files"][0]["sha256"] != shown["files"][0]["approved_sha256"]
    assert "a.csv" in run("show", folder.name)
    with pytest.raises(Refusal, match="no-such-release"):
        run("show", "0" * 16)


@pytest.mark.parametrize("given", ["", "ff", "g" * 64, "not-there.pem"])
def test_what_is_no_key_is_refused(given: str) -> None:
    with pytest.raises(Refusal, match="key-unreadable"):
        read_key(given)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    other = generate_private_key(SECP256R1()).public_key()
    file = tmp_path / "other.pem"
    file.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(Refusal, match="key-unreadable"):
        read_key(str(file))


def test_proving_makes_no_key(world: AirlockWorld, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(b"{}")
    (tmp_path / "manifest.sig").write_bytes(b"{}")
    with pytest.raises(Refusal, match="key-unknown"):
        run("verify", str(tmp_path))
    assert not (world.airlock.settings.folder.keys / "release-signing.pem").exists()


def test_what_the_store_holds_is_believed_only_as_far_as_its_manifest(
    world: AirlockWorld, released: tuple[Path, bytes], tmp_path: Path
) -> None:
    folder, _ = released
    sha256 = digest((folder / "manifest.json").read_bytes())
    place = tmp_path / "p" / "r"
    shutil.copytree(folder, place)
    store = FolderStore(tmp_path)
    assert told_of_record(store, "p/r", sha256).request == folder.name
    assert read_released(store, "p/r", sha256, "checksums/a.csv.txt")
    shutil.copy(place / "b.csv", place / "a.csv")
    (place / "b.csv").unlink()
    (tmp_path / "linked").symlink_to(tmp_path / "p")
    for folder_name, name in (("p/r", "a.csv"), ("p/r", "b.csv"), ("linked/r", "manifest.json")):
        with pytest.raises(Refusal, match="file-changed"):
            read_released(store, folder_name, sha256, name)
    (place / "manifest.json").write_bytes(b"{}")
    with pytest.raises(Refusal, match="file-changed"):
        told_of_record(store, "p/r", digest(b"{}"))
    assert read_told_of((folder / "manifest.json").read_bytes()).project == world.row(folder.name).project_slug
