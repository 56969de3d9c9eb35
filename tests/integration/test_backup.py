"""A backup is one moment, whole or not there; a restore is proven before it takes its place; keys lie elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governance import registry
from governance.audit import read_events, verify_chain
from governance.backup import make_backup, restore_backup
from governance.backup.sealing import seal, unseal
from governance.commands.backup import app, restore_app
from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from governance.store.database import SCHEMA_VERSION
from governance.store.people import Person
from tests.support.first_release import check_first_release_goes_forward

pytestmark = pytest.mark.slow
PASSPHRASE = b"correct horse battery staple"


@pytest.fixture
def backup(demo_register: Store, settings: Settings, tmp_path: Path) -> Path:
    (settings.folder.root / "sde.toml").write_text("port = 8123\n")
    file = settings.folder.releases / "gi-bleed" / "r1" / "table.csv"
    file.parent.mkdir(parents=True)
    file.write_text("a,b\n")
    make_backup(settings, tmp_path / "copy", keys_to=tmp_path / "keys.sealed", passphrase=PASSPHRASE)
    return tmp_path / "copy"


def test_what_was_backed_up_comes_back_and_goes_on(backup: Path, demo_register: Store, tmp_path: Path) -> None:
    with demo_register.reading() as session:
        *before, made = [event.digest for event in read_events(session)]
        people = {person.subject: person.name for person in session.query(Person)}
    events = restore_backup(backup, tmp_path / "new", tmp_path / "keys.sealed", PASSPHRASE)
    settings = load_settings(state=tmp_path / "new")
    restored = open_store(settings)
    assert (events, settings.port) == (len(before), 8123)
    assert (settings.folder.releases / "gi-bleed" / "r1" / "table.csv").read_text() == "a,b\n"
    registry.suspend_person(restored, actor="operator:x", subject="researcher-a")
    with restored.reading() as session:
        assert {person.subject: person.name for person in session.query(Person)} == people
        chain = list(read_events(session))
        report = verify_chain(session, restored.audit_head, restored.signing_key)
    assert [event.digest for event in chain[: len(before)]] == before
    assert [event.event for event in chain[len(before) :]] == ["backup.restored", "person.suspended"]
    assert (report.holds, report.unsigned, made in {event.digest for event in chain}) == (True, 0, False)
    modes = {file.stat().st_mode & 0o077 for file in settings.folder.root.rglob("*") if file.is_file()}
    assert modes == {0}
    restored.close()


def test_no_key_is_in_a_backup(backup: Path, settings: Settings) -> None:
    keys = [
        line for file in settings.folder.keys.iterdir() for line in file.read_bytes().splitlines() if len(line) > 30
    ]
    assert keys
    for file in backup.rglob("*"):
        assert file.is_dir() or not any(key in file.read_bytes() for key in keys), file


@pytest.mark.parametrize("damage", ["changed", "missing", "added", "list", "unsigned"])
def test_a_damaged_backup_is_refused_and_nothing_is_made(backup: Path, tmp_path: Path, damage: str) -> None:
    rows, listed = backup / "register.jsonl", backup / "manifest.json"
    if damage == "changed":
        rows.write_text(rows.read_text().replace("researcher-a", "researcher-x", 1))
    elif damage == "missing":
        (backup / "files" / "sde.toml").unlink()
    elif damage == "added":
        (backup / "files" / "more").write_text("")
    elif damage == "list":
        listed.write_text(listed.read_text()[:-20])
    else:
        listed.write_text(json.dumps({**json.loads(listed.read_text()), "events": 1}))
    with pytest.raises(Refusal) as refused:
        restore_backup(backup, tmp_path / "new", tmp_path / "keys.sealed", PASSPHRASE)
    assert refused.value.code == "backup-damaged"
    assert not [file for file in tmp_path.iterdir() if "new" in file.name]


def test_keys_must_be_those_of_the_backup(backup: Path, tmp_path: Path, settings: Settings) -> None:
    sealed, other = tmp_path / "keys.sealed", tmp_path / "other"
    other.mkdir()
    for keys, passphrase, code in (
        (sealed, b"another passphrase", "keys-not-opened"),
        (other, b"", "keys-of-another"),
        (tmp_path / "nowhere", b"", "keys-of-another"),
    ):
        with pytest.raises(Refusal) as refused:
            restore_backup(backup, tmp_path / "new", keys, passphrase)
        assert refused.value.code == code
    with pytest.raises(Refusal) as refused:
        restore_backup(backup, settings.folder.root, sealed, PASSPHRASE)
    assert refused.value.code == "state-not-empty"
    assert restore_backup(backup, tmp_path / "new", settings.folder.keys) > 1


def test_a_sealed_file_that_was_changed_opens_to_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "k").write_bytes(b"\x00secret")
    sealed = seal(folder, PASSPHRASE)
    assert b"secret" not in sealed
    unseal(sealed, PASSPHRASE, tmp_path / "back")
    assert (tmp_path / "back" / "deep" / "k").read_bytes() == b"\x00secret"
    for forged in (sealed[:-1], sealed[:50] + bytes([sealed[50] ^ 1]) + sealed[51:], b""):
        with pytest.raises(Refusal):
            unseal(forged, PASSPHRASE, tmp_path / "never")
    assert not (tmp_path / "never").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from governance.backup import making, restoring
from governance.settings import load_settings
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "backup":
    making._write_list = die
    making.make_backup(load_settings(), Path(sys.argv[2]))
else:
    restoring._check_chain = die
    restoring.restore_backup(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
"""


def test_a_kill_in_the_middle_leaves_nothing_half_and_the_same_command_goes_on(
    backup: Path, settings: Settings, tmp_path: Path
) -> None:
    second, new = tmp_path / "second", tmp_path / "new"
    for arguments in (["backup", second], ["restore", backup, new, settings.folder.keys]):
        run = subprocess.run([sys.executable, "-c", KILLED, *map(str, arguments)], env=dict(os.environ))
        assert run.returncode == -signal.SIGKILL
    assert not second.exists()
    assert not new.exists()
    assert make_backup(settings, second).rows > 10
    assert restore_backup(second, new, settings.folder.keys) > 1
    assert not [file.name for file in tmp_path.iterdir() if file.name.endswith((".making", ".restoring"))]


def test_the_commands(
    demo_register: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, secret = CliRunner().invoke, tmp_path / "passphrase"
    secret.write_bytes(PASSPHRASE + b"\n")
    options = ["--to", str(tmp_path / "b"), "--keys-to", str(tmp_path / "k"), "--passphrase-file", str(secret)]
    assert "Keep them apart" in run(app, options).output
    for wrong, code in (
        (options, "backup-exists"),
        (["--to", str(tmp_path / "c"), "--keys-to", str(tmp_path / "c" / "k"), *options[4:]], "keys-beside-data"),
        (["--to", str(tmp_path / "c"), "--keys-to", str(tmp_path / "d")], "passphrase-missing"),
    ):
        failed = run(app, wrong).exception
        assert isinstance(failed, Refusal)
        assert failed.code == code
    monkeypatch.setenv("SDE_STATE", str(tmp_path / "new"))
    asked = ["--from", str(tmp_path / "b"), "--keys", str(tmp_path / "k"), "--passphrase-file", str(secret)]
    assert "audit events hold" in run(restore_app, asked).output
    assert open_store(load_settings()).schema_version == SCHEMA_VERSION


def test_a_register_of_the_first_release_goes_forward(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/first.db")
    check_first_release_goes_forward(store)
    store.close()


def test_a_backup_is_of_one_moment(backup: Path, settings: Settings, tmp_path: Path) -> None:
    shutil.rmtree(backup)
    made = make_backup(settings, tmp_path / "later")
    listed = json.loads((tmp_path / "later" / "manifest.json").read_text())
    last = [json.loads(line) for line in (tmp_path / "later" / "register.jsonl").read_text().splitlines()]
    events = [values for table, values in last if table == "audit_event"]
    assert (listed["events"], listed["digest"]) == (made.events, events[-1]["digest"])
