"""The register on a real PostgreSQL: the same tests as on SQLite, the schema and its triggers, one writer at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import DatabaseError

from governance import registry
from governance.backup import make_backup, restore_backup
from governance.migrations import upgrade
from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from governance.store.database import SCHEMA_VERSION, Store, open_store
from governance.store.tables import Base
from tests.support.first_release import check_first_release_goes_forward
from tests.support.postgres import NOT_INSTALLED, find_programs, make_database, running_server

pytestmark = pytest.mark.slow

UNIT = "tests/unit/governance"
#: What only the register's own work shows: the chain, its writers, the rules that ask it. The rest is the same code.
SAME_TESTS = (
    f"{UNIT}/test_audit_events.py",
    f"{UNIT}/test_audit_export.py",
    f"{UNIT}/test_channels.py",
    f"{UNIT}/test_deliveries.py",
    f"{UNIT}/test_incidents.py",
    f"{UNIT}/test_traffic.py",
    "tests/integration/test_register_concurrency.py",
)
#: These open SQLite's file or drop its triggers.
OF_SQLITE = ("what_is_read_stays_readable", "rewritten_history_differs")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    programs = find_programs()
    if programs is None:
        pytest.skip(NOT_INSTALLED)
    with running_server(programs) as url:
        yield url


@pytest.fixture(scope="module")
def register(server: str) -> Iterator[Store]:
    store = Store(make_database(server))
    assert upgrade(store.engine) == (None, SCHEMA_VERSION)
    yield store
    store.close()


def test_the_same_tests_hold(server: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n0", f"--basetemp={tmp_path}/own", *SAME_TESTS]
    run = subprocess.run(
        [*command, "-k", " and ".join(f"not {name}" for name in OF_SQLITE)],
        env={**_without_xdist(), "SDE_TEST_REGISTER_URL": server},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.returncode == 0, run.stdout[-5000:]


def _without_xdist() -> dict[str, str]:
    """It is no worker of the session that starts it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}


def test_the_schema_is_the_one_declared(register: Store) -> None:
    assert upgrade(register.engine) == (SCHEMA_VERSION, SCHEMA_VERSION)
    with register.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        tables = set(inspect(connection).get_table_names())
    assert tables == {*Base.metadata.tables, "alembic_version"}


@pytest.mark.parametrize("table", ["audit_event", "query_receipt"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET project = 'x'"])
def test_the_database_refuses_changes(register: Store, table: str, statement: str) -> None:
    asked = statement.format(table).replace("project =", "project_slug =" if table == "query_receipt" else "project =")
    with pytest.raises(DatabaseError, match="append-only"), register.engine.begin() as connection:
        connection.exec_driver_sql(asked)


def test_readers_see_one_moment(register: Store) -> None:
    other = create_engine(register.url)
    with register.reading() as session:
        assert session.execute(Base.metadata.tables["organisation"].select()).all() == []
        with other.begin() as connection:
            connection.exec_driver_sql("INSERT INTO organisation (name, kind) VALUES ('late', '')")
        assert session.execute(Base.metadata.tables["organisation"].select()).all() == []
    other.dispose()


def test_a_register_of_the_first_release_goes_forward(server: str) -> None:
    store = Store(make_database(server))
    check_first_release_goes_forward(store)
    store.close()


def test_a_backup_moves_a_register_from_sqlite_and_back(
    server: str, demo_register: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = settings.folder.keys
    first = make_backup(settings, tmp_path / "first")
    monkeypatch.setenv("SDE_REGISTER_URL", make_database(server))
    assert restore_backup(tmp_path / "first", tmp_path / "moved", keys) == first.events
    with pytest.raises(Refusal) as refused:
        restore_backup(tmp_path / "first", tmp_path / "again", keys)
    assert refused.value.code == "register-not-empty"
    moved = load_settings(state=tmp_path / "moved")
    registry.suspend_person(open_store(moved), actor="operator:x", subject="researcher-a")
    second = make_backup(moved, tmp_path / "second")
    assert second.events == first.events + 2
    monkeypatch.delenv("SDE_REGISTER_URL")
    assert restore_backup(tmp_path / "second", tmp_path / "back", keys) == second.events


def test_a_restore_that_was_killed_goes_on(
    server: str, demo_register: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's part was done; the state folder had not taken its place."""
    made = make_backup(settings, tmp_path / "copy")
    monkeypatch.setenv("SDE_REGISTER_URL", make_database(server))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("governance.backup.restoring._check_chain", _interrupted)
        restore_backup(tmp_path / "copy", tmp_path / "new", settings.folder.keys)
    assert not (tmp_path / "new").exists()
    assert restore_backup(tmp_path / "copy", tmp_path / "new", settings.folder.keys) == made.events


def _interrupted(*parts: object) -> int:
    raise KeyboardInterrupt
