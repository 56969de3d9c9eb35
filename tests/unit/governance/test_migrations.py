"""The migrated schema is the one the code expects, on both databases; upgrading is idempotent and refuses strangers."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateTable

from governance.access import find_reasons
from governance.clock import now
from governance.migrations import make_config, upgrade
from governance.migrations.append_only import TABLES, create_triggers
from governance.refusal import Refusal
from governance.registry import cell_budget
from governance.store import Store
from governance.store.database import SCHEMA_VERSION
from governance.store.tables import Base, Course, Organisation, Person, Project, QueryReceipt

#: A project, a person and a receipt as the first release wrote them.
FIRST_RELEASE = (
    "INSERT INTO organisation (name, kind) VALUES ('o', '')",
    "INSERT INTO person VALUES ('s', 'n', 'o', '2026-01-01', NULL)",
    "INSERT INTO project VALUES ('p', 't', '', 'national', 'aggregate', 'hes', 'active', '2026-01-01', '2026-12-31', "
    "'2026-01-01 00:00:00.000000')",
    "INSERT INTO query_receipt VALUES ('r', 'p', 's', '2026-01-01 10:00:00.000000', 'SELECT 1', 'answered', '', 'v', "
    "'', 5, 0, 0, '')",
)
#: A member of a running project with a course of the service's own, as the release before approvals wrote them.
OF_EARLIER = (
    "INSERT INTO organisation (name, kind, agreement_until) VALUES ('o', 'University', '2099-12-31')",
    "INSERT INTO person VALUES ('s', 'n', 'o', '2026-01-01 09:00:00.000000', NULL)",
    "INSERT INTO training_record VALUES (1, 's', 'Our own', '', '2026-01-01 09:00:00.000000', '2099-12-31')",
    "INSERT INTO project (slug, title, lay_summary, purpose, mode, profile, status, starts_on, ends_on, created_at) "
    "VALUES ('p', 't', '', 'national', 'aggregate', 'hes', 'active', '2026-01-01', '2099-12-31', "
    "'2026-01-01 00:00:00.000000')",
    "INSERT INTO membership VALUES (1, 'p', 's', 'researcher', '2026-01-01', '2099-12-31', NULL)",
)


def test_migrated_schema_and_metadata_never_drift(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrated_tables_have_the_same_constraints_and_indexes(store: Store, tmp_path: Path) -> None:
    declared = create_engine(f"sqlite:///{tmp_path}/declared.db")
    Base.metadata.create_all(declared)
    here, there = inspect(store.engine), inspect(declared)
    assert set(here.get_table_names()) == {*there.get_table_names(), "alembic_version"}
    for table in there.get_table_names():
        for kind in ("get_pk_constraint", "get_foreign_keys", "get_unique_constraints", "get_indexes"):
            assert _sorted(getattr(here, kind)(table)) == _sorted(getattr(there, kind)(table)), (table, kind)
    declared.dispose()


def test_the_newest_step_is_the_version_the_store_expects() -> None:
    assert ScriptDirectory.from_config(make_config()).get_heads() == [SCHEMA_VERSION]


def test_upgrading_twice_changes_nothing(store: Store) -> None:
    assert upgrade(store.engine) == (SCHEMA_VERSION, SCHEMA_VERSION)


def test_an_empty_database_is_filled(tmp_path: Path) -> None:
    fresh = Store(f"sqlite:///{tmp_path}/fresh.db")
    assert not fresh.is_initialised
    assert upgrade(fresh.engine) == (None, SCHEMA_VERSION)
    assert fresh.is_initialised
    fresh.close()


def test_a_register_of_the_first_release_gets_a_budget_and_no_terminals(tmp_path: Path) -> None:
    old = Store(f"sqlite:///{tmp_path}/old.db")
    with old.engine.begin() as connection:
        command.upgrade(make_config(connection), "0001")
        for statement in FIRST_RELEASE:
            connection.exec_driver_sql(statement)
    assert upgrade(old.engine) == ("0001", SCHEMA_VERSION)
    with old.reading() as session:
        assert session.get_one(Project, "p").budget_cells == 20_000
        assert session.get_one(Project, "p").terminals is False
        assert session.get_one(QueryReceipt, "r").cells == 0
        assert cell_budget(session, "s", "p", date(2026, 1, 1)).left == 20_000
    with pytest.raises(DatabaseError, match="append-only"), old.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE query_receipt SET cells = 1")
    old.close()


def test_a_register_of_an_earlier_release_is_in_force_as_before(tmp_path: Path) -> None:
    old = Store(f"sqlite:///{tmp_path}/old.db")
    with old.engine.begin() as connection:
        command.upgrade(make_config(connection), "0008")
        for statement in OF_EARLIER:
            connection.exec_driver_sql(statement)
    upgrade(old.engine)
    with old.transaction() as session:
        assert find_reasons(session, "s", "p") == ()
        carried = {row.kind: row for row in session.get_one(Project, "p").approvals}
        assert set(carried) == {"ethics", "dpia", "legal_basis", "sponsor", "controller_agreement"}
        assert all(row.until == date(2099, 12, 31) and "stands in for" in row.note for row in carried.values())
        assert session.get_one(Organisation, "o").kind == "university"
        assert {row.code: row.required_for for row in session.scalars(select(Course))} == {"Our own": "holder"}
        session.get_one(Person, "s").training[0].expires_on = date(2026, 1, 2)
        session.flush()
        assert [reason.code for reason in find_reasons(session, "s", "p")] == ["training-expired"], "as it always was"
        session.rollback()
    old.close()


def test_a_failed_step_leaves_an_empty_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Store(f"sqlite:///{tmp_path}/fresh.db")
    monkeypatch.setattr("governance.migrations.append_only.TABLES", {"no_such_table": "id"})
    with pytest.raises(DatabaseError):
        upgrade(fresh.engine)
    assert inspect(fresh.engine).get_table_names() == []
    fresh.close()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DROP TABLE alembic_version", "not-a-register"),
        ("UPDATE alembic_version SET version_num = '9999'", "register-newer"),
    ],
)
def test_a_strange_database_is_left_alone(store: Store, statement: str, code: str) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    with pytest.raises(Refusal) as refused:
        upgrade(store.engine)
    assert refused.value.code == code


def test_receipts_are_append_only_too(demo_register: Store) -> None:
    with demo_register.transaction() as session:
        session.add(
            QueryReceipt(
                id="r",
                project_slug="gi-bleed",
                subject="researcher-a",
                asked_at=now(),
                sql="SELECT 1",
                verdict="refused",
                policy_version="v",
            )
        )
    for statement in (
        "UPDATE query_receipt SET verdict = 'answered'",
        "DELETE FROM query_receipt",
        "INSERT OR REPLACE INTO query_receipt SELECT * FROM query_receipt",
        "REPLACE INTO query_receipt (rowid, id, project_slug, subject, asked_at, sql, verdict, code, policy_version, "
        "extract_sha256, rows, suppressed_rows, suppressed_cells, answer_sha256) SELECT rowid, 'other', project_slug, "
        "subject, asked_at, sql, verdict, code, policy_version, extract_sha256, rows, suppressed_rows, "
        "suppressed_cells, answer_sha256 FROM query_receipt",
    ):
        with pytest.raises(DatabaseError, match="append-only"), demo_register.engine.begin() as connection:
            connection.exec_driver_sql(statement)


def test_postgresql_gets_the_same_tables_and_triggers() -> None:
    written = io.StringIO()
    config = make_config(output_buffer=written)
    config.attributes["dialect"] = "postgresql"
    command.upgrade(config, "head", sql=True)
    sql = written.getvalue()
    for table in Base.metadata.sorted_tables:
        expected = str(CreateTable(table).compile(dialect=postgresql.dialect()))
        assert _columns(expected) <= _columns(sql), table.name
    for table in TABLES:
        assert f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} " in sql


def test_any_other_database_fails_closed() -> None:
    with pytest.raises(ValueError, match="oracle"):
        list(create_triggers("oracle"))


def _columns(sql: str) -> set[str]:
    """The lines inside CREATE TABLE, and the columns that later steps add."""
    lines = {line.strip().rstrip(",") for line in sql.splitlines() if line.startswith(("\t", "    "))}
    return lines | set(re.findall(r"^ALTER TABLE \w+ ADD COLUMN (.+);$", sql, re.MULTILINE))


def _sorted(found: object) -> object:
    return sorted(found, key=str) if isinstance(found, list) else found
