"""The file store keeps what the protocol says: made once, never made again, rotated, retired, destroyed for good."""

from __future__ import annotations

import hmac
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from governance.refusal import Refusal
from intake.keys import DOMAINS, EXTRACT_DOMAINS, KEY_BYTES, FileKeyStore, open_project_key
from intake.keys.computing import BATCH, PseudonymKey

PROJECT, PERSON = "gi-bleed", "person"


@pytest.fixture
def store(tmp_path: Path) -> FileKeyStore:
    return FileKeyStore(tmp_path)


def key_file(store: FileKeyStore, suffix: str = "") -> Path:
    return store.folder / f"{PROJECT}.{PERSON}{suffix}.key"


def refused(store: FileKeyStore, **options: bool) -> str:
    with pytest.raises(Refusal) as found:
        store.open(PROJECT, PERSON, **options)
    return found.value.code


def test_it_computes_hmac_sha256(store: FileKeyStore) -> None:
    key = store.open(PROJECT, PERSON, make=True)
    secret = key_file(store).read_bytes()

    def reference(identifier: object) -> int:
        return int.from_bytes(hmac.digest(secret, str(identifier).encode(), "sha256")[:8], "big") >> 1

    numbers = [0, -1, 17, 2**62, *range(1000)][: 1004 - 17]
    assert key.pseudonyms(numbers[:4]) == [reference(one) for one in numbers[:4]]
    assert key.pseudonyms(["AB1 2CD", "x"]) == [reference("AB1 2CD"), reference("x")]
    assert key.pseudonyms([]) == []


def test_millions_are_computed_in_batches_with_progress(store: FileKeyStore) -> None:
    import numpy as np

    key = store.open(PROJECT, PERSON, make=True)
    seen: list[int] = []
    many = np.arange(BATCH + 5, dtype=np.int64)
    made = key.pseudonym_array(many, seen.append)
    assert seen == [BATCH, BATCH + 5]
    assert made.dtype == np.int64
    assert made[:3].tolist() == key.pseudonyms([0, 1, 2])


def test_without_leave_no_key_is_made(store: FileKeyStore) -> None:
    assert refused(store) == "key-missing"
    assert not store.exists(PROJECT, PERSON)
    assert list(store.folder.glob("*.key")) == []


def test_many_at_once_get_one_key(store: FileKeyStore) -> None:
    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(lambda _: store.open(PROJECT, PERSON, make=True).key_id, range(64)))
    assert len(ids) == 1
    assert [record.generation for record in store.records()] == [1]
    assert not [file for file in store.folder.iterdir() if file.name.startswith(f".{PROJECT}")], "no spare is left"


HARMS = {
    "readable by the group": lambda file: file.chmod(0o640),
    "readable by all": lambda file: file.chmod(0o604),
    "short": lambda file: file.write_bytes(b"x" * (KEY_BYTES - 1)),
    "long": lambda file: file.write_bytes(b"x" * (KEY_BYTES + 1)),
    "empty": lambda file: file.write_bytes(b""),
    "all zero": lambda file: file.write_bytes(bytes(KEY_BYTES)),
    "a link": lambda file: file.symlink_to(file.rename(file.with_suffix(".aside"))),
    "a pipe": lambda file: (file.unlink(), os.mkfifo(file, 0o600)),
    "a folder": lambda file: (file.unlink(), file.mkdir(0o700)),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_key_that_is_not_private_or_not_whole_is_refused(store: FileKeyStore, harm: str) -> None:
    store.open(PROJECT, PERSON, make=True)
    HARMS[harm](key_file(store))
    assert refused(store) == refused(store, make=True) == "bad-key"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_somebody_else_is_refused(store: FileKeyStore) -> None:
    store.open(PROJECT, PERSON, make=True)
    os.chown(key_file(store), 65534, -1)
    assert refused(store) == "bad-key"


def test_a_folder_that_others_may_write_to_is_refused(store: FileKeyStore) -> None:
    store.folder.chmod(0o770)
    assert refused(store, make=True) == "bad-key"
    assert list(store.folder.glob("*.key")) == []


def test_a_key_that_is_gone_is_not_made_again(store: FileKeyStore) -> None:
    store.open(PROJECT, PERSON, make=True)
    key_file(store).unlink()
    assert refused(store) == refused(store, make=True) == "key-missing"
    assert [record.held for record in store.records()] == [False]


def test_nor_when_the_whole_folder_is_gone_but_an_extract_names_it(store: FileKeyStore) -> None:
    made = open_project_key(store.folder, PROJECT, PERSON).key_id
    assert open_project_key(store.folder, PROJECT, PERSON, used=made).key_id == made
    for file in store.folder.iterdir():
        file.unlink()
    with pytest.raises(Refusal, match="key-missing"):
        open_project_key(store.folder, PROJECT, PERSON, used=made)
    open_project_key(store.folder, PROJECT, PERSON)
    with pytest.raises(Refusal, match="key-missing"):
        open_project_key(store.folder, PROJECT, PERSON, used=made)


def test_a_key_of_an_earlier_release_has_no_line_in_a_book(store: FileKeyStore) -> None:
    made = store.open(PROJECT, PERSON, make=True).key_id
    (store.folder / f"{PROJECT}.keys.json").unlink()
    assert store.open(PROJECT, PERSON, make=True).key_id == made
    assert [(record.project, record.key_id, record.held) for record in store.records()] == [(PROJECT, made, True)]
    assert store.rotate(PROJECT, PERSON).generation == 2


@pytest.mark.parametrize("written", ["", "[]", "{}", '{"keys": 1, "destroyed": false}', "\0"])
def test_a_damaged_book_is_refused(store: FileKeyStore, written: str) -> None:
    store.open(PROJECT, PERSON, make=True)
    (store.folder / f"{PROJECT}.keys.json").write_text(written)
    assert refused(store, make=True) == "bad-key"


def test_rotation_makes_another_key_and_keeps_the_one_before(store: FileKeyStore) -> None:
    first = store.open(PROJECT, PERSON, make=True)
    record = store.rotate(PROJECT, PERSON)
    second = store.open(PROJECT, PERSON)
    assert (record.generation, record.key_id) == (2, second.key_id)
    assert not set(first.pseudonyms(range(1000))) & set(second.pseudonyms(range(1000)))
    assert store.open(PROJECT, PERSON, key_id=first.key_id).pseudonyms([7]) == first.pseudonyms([7])
    with pytest.raises(Refusal, match="key-missing"):
        store.open(PROJECT, PERSON, key_id="0" * 16)
    with pytest.raises(Refusal, match="key-missing"):
        store.rotate("respiratory", PERSON)


def test_the_newest_that_is_gone_is_not_replaced_by_an_older_one(store: FileKeyStore) -> None:
    store.open(PROJECT, PERSON, make=True)
    store.rotate(PROJECT, PERSON)
    key_file(store, ".2").unlink()
    assert refused(store) == "key-missing"


def test_old_generations_are_retired_but_those_in_use_stay(store: FileKeyStore) -> None:
    ids = [store.open(PROJECT, PERSON, make=True).key_id]
    ids += [store.rotate(PROJECT, PERSON).key_id for _ in range(2)]
    assert [record.key_id for record in store.retire(PROJECT, frozenset({ids[1]}))] == [ids[0]]
    assert [record.held for record in store.records(PROJECT)] == [False, True, True]
    assert store.retire(PROJECT, frozenset({ids[1]})) == ()
    assert [record.key_id for record in store.retire(PROJECT, frozenset())] == [ids[1]], "never the newest"
    assert store.open(PROJECT, PERSON).key_id == ids[2]


def test_destruction_overwrites_and_is_for_good(store: FileKeyStore, tmp_path_factory: pytest.TempPathFactory) -> None:
    for domain in EXTRACT_DOMAINS:
        store.open(PROJECT, domain, make=True)
    store.rotate(PROJECT, PERSON)
    store.open("gi", PERSON, make=True)
    known = {file.name: file.read_bytes() for file in store.folder.glob(f"{PROJECT}.*.key")}
    elsewhere = tmp_path_factory.mktemp("links")
    for name in known:
        (elsewhere / name).hardlink_to(store.folder / name)
    assert len(store.destroy(PROJECT)) == len(known) == 4
    assert list(store.folder.glob(f"{PROJECT}.*.key")) == []
    for name, secret in known.items():
        assert secret not in (elsewhere / name).read_bytes(), "its blocks were overwritten, not only its name removed"
    assert refused(store) == refused(store, make=True) == "key-destroyed"
    with pytest.raises(Refusal, match="key-destroyed"):
        store.rotate(PROJECT, PERSON)
    assert not any(record.held for record in store.records(PROJECT))
    assert store.open("gi", PERSON), "a project whose name begins the same keeps its key"


def test_a_destruction_that_broke_off_is_completed(store: FileKeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.open(PROJECT, PERSON, make=True)
    monkeypatch.setattr("intake.keys.files.shred", lambda file: (_ for _ in ()).throw(OSError("power")))
    with pytest.raises(OSError, match="power"):
        store.destroy(PROJECT)
    monkeypatch.undo()
    assert refused(store, make=True) == "key-destroyed", "none is made meanwhile"
    assert [record.held for record in store.destroy(PROJECT)] == [False]
    with pytest.raises(Refusal, match="key-missing"):
        store.destroy("respiratory")


def test_domains_are_a_list_and_identifying_ones_never_reach_an_extract(store: FileKeyStore) -> None:
    assert set(DOMAINS) - set(EXTRACT_DOMAINS) == {"nhs_number", "postcode", "date_of_birth"}
    for domain in ("nhs_number", "postcode", "date_of_birth"):
        with pytest.raises(Refusal, match="domain-not-in-extracts"):
            open_project_key(store.folder, PROJECT, domain)
    for domain in ("", "person/../x", "address"):
        with pytest.raises(Refusal, match="no-such-domain"):
            open_project_key(store.folder, PROJECT, domain)
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize("project", ["", "../x", "A", "a.b", "a/b", "cut-" + "0" * 64])
def test_a_project_is_named_by_its_slug(store: FileKeyStore, project: str) -> None:
    with pytest.raises(Refusal, match="bad-slug"):
        store.open(project, PERSON, make=True)


def test_the_id_of_a_key_is_stable_and_says_nothing_of_it(store: FileKeyStore) -> None:
    key = store.open(PROJECT, PERSON, make=True)
    secret = key_file(store).read_bytes()
    assert key.key_id == PseudonymKey(secret).key_id
    assert len(bytes.fromhex(key.key_id)) == 8
    assert key.key_id not in secret.hex()
    book = json.loads((store.folder / f"{PROJECT}.keys.json").read_text())
    assert secret.hex() not in json.dumps(book)
    assert [entry["key_id"] for entry in book["keys"]] == [key.key_id]
