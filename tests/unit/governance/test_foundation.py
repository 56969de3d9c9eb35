"""`initialise`: folders, key and register; idempotent, private, never a second key. What is no register is refused."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from governance.audit import read_events, verify_chain
from governance.refusal import Refusal
from governance.registry import foundation, initialise
from governance.settings import Settings, load_settings
from governance.store import open_store
from governance.store.database import unchecked_store


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def code_of(function: object, *arguments: object) -> str:
    with pytest.raises(Refusal) as refused:
        function(*arguments)  # type: ignore[operator]
    return refused.value.code


def test_everything_is_made_and_private(settings: Settings) -> None:
    before = os.umask(0)  # even with the most careless mask
    try:
        store = initialise(settings)
    finally:
        os.umask(before)
    folder = settings.folder
    for place in (folder.root, folder.keys, folder.extracts, folder.homes, folder.airlock, folder.releases):
        assert mode(place) == 0o700, place
    for place in (folder.logs, folder.audit_head.parent, folder.run):
        assert mode(place) == 0o700, place
    for file in (folder.register, folder.keys / "audit-signing.pem", folder.audit_head):
        assert mode(file) == 0o600, file
    with store.reading() as session:
        assert [mode(file) for file in folder.root.glob("register.db-*")] == [0o600, 0o600]
        assert [event.event for event in read_events(session)] == ["register.created"]
        assert verify_chain(session, store.audit_head, store.signing_key).holds
    store.close()


def test_again_changes_nothing(settings: Settings) -> None:
    initialise(settings).close()
    key = (settings.folder.keys / "audit-signing.pem").read_bytes()
    head = settings.folder.audit_head.read_bytes()
    settings.folder.keys.chmod(0o755)
    store = initialise(settings)
    assert (settings.folder.keys / "audit-signing.pem").read_bytes() == key
    assert settings.folder.audit_head.read_bytes() == head
    assert mode(settings.folder.keys) == 0o700
    assert [file.name for file in settings.folder.keys.iterdir()] == ["audit-signing.pem"]
    store.close()


def test_a_lost_key_is_never_replaced(settings: Settings) -> None:
    initialise(settings).close()
    (settings.folder.keys / "audit-signing.pem").unlink()
    assert code_of(initialise, settings) == "signing-key-missing"
    assert list(settings.folder.keys.iterdir()) == []


def test_who_comes_second_takes_the_first_ones_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key.pem"
    key.write_text("the first one's")
    monkeypatch.setattr(Path, "exists", lambda self: False)  # it came between the look and the link
    foundation._create_signing_key(key)
    assert key.read_text() == "the first one's"
    assert os.listdir(tmp_path) == ["key.pem"]  # noqa: PTH208


def test_a_register_that_does_not_exist_is_not_made_by_looking(settings: Settings) -> None:
    assert code_of(open_store, settings) == "no-register"
    assert not settings.folder.root.exists()
    settings.folder.create()
    settings.folder.register.touch()
    assert code_of(open_store, settings) == "no-register"


def test_a_file_of_something_else_is_refused(settings: Settings) -> None:
    settings.folder.create()
    settings.folder.register.write_bytes(b"This is no database. " * 300)
    assert code_of(open_store, settings) == "not-a-register"
    assert code_of(initialise, settings) == "not-a-register"
    assert settings.folder.register.read_bytes().startswith(b"This is no database.")


def test_a_database_of_something_else_is_refused(settings: Settings) -> None:
    settings.folder.create()
    with sqlite3.connect(settings.folder.register) as connection:
        connection.execute("CREATE TABLE person (id INTEGER)")
    assert code_of(open_store, settings) == "not-a-register"
    assert code_of(initialise, settings) == "not-a-register"


@pytest.mark.parametrize(("version", "code"), [("0000", "register-outdated"), ("9999", "register-newer")])
def test_a_register_of_another_release_is_refused(settings: Settings, version: str, code: str) -> None:
    initialise(settings).close()
    with sqlite3.connect(settings.folder.register) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    assert code_of(open_store, settings) == code


def test_a_register_by_url(settings: Settings, tmp_path: Path) -> None:
    elsewhere = load_settings(register_url=f"sqlite:///{tmp_path}/elsewhere.db")
    assert code_of(open_store, elsewhere) == "no-register"
    initialise(elsewhere).close()
    open_store(elsewhere).close()
    assert not settings.folder.register.exists()
    assert (tmp_path / "elsewhere.db").is_file()
    assert elsewhere.register_place == "the database of SDE_REGISTER_URL"


def test_a_register_that_cannot_be_reached(settings: Settings, tmp_path: Path) -> None:
    nowhere = load_settings(register_url=f"sqlite:///{tmp_path}/no/such/folder/register.db")
    assert code_of(open_store, nowhere) == "register-unreachable"
    assert code_of(initialise, nowhere) == "register-unreachable"


def test_a_migration_is_an_event(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    initialise(settings).close()
    monkeypatch.setattr("governance.migrations.upgrade", lambda engine: ("0000", "0001"))
    store = initialise(settings)
    with store.reading() as session:
        assert [event.event for event in read_events(session)] == ["register.created", "register.migrated"]
    store.close()


def _initialise_here(state: Path) -> None:
    initialise(load_settings(state=state)).close()


@pytest.mark.slow
def test_several_at_once_make_one_register(settings: Settings) -> None:
    children = [
        multiprocessing.get_context("spawn").Process(target=_initialise_here, args=(settings.folder.root,))
        for _ in range(4)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0] * 4
    store = unchecked_store(settings)
    with store.reading() as session:
        assert [event.event for event in read_events(session)] == ["register.created"]
        assert verify_chain(session, store.audit_head, store.signing_key).holds
    store.close()
