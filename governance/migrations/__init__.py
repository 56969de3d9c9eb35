"""The register's schema, step by step (Alembic). Promise: the tables after every step are those of governance.store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from governance.refusal import Refusal
from governance.store.database import SCHEMA_VERSION, not_a_register

ADVISORY_LOCK = 7306  # PostgreSQL: one migrator at a time


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Bring the schema to `SCHEMA_VERSION` in one transaction; a second migrator waits and then finds nothing to do.

    Returns the version before (None for an empty database) and after. Raises Refusal `not-a-register` for a database
    of something else, `register-newer` for one of a later release.
    """
    with engine.execution_options(sde_begin="BEGIN IMMEDIATE").begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
        before = _read_version(connection)
        if before != SCHEMA_VERSION:
            command.upgrade(make_config(connection), "head")
    return before, SCHEMA_VERSION


def make_config(connection: Connection | None = None, **options: Any) -> Config:
    """Alembic's configuration, built here so that no alembic.ini is needed; `connection` goes to env.py."""
    config = Config(attributes={"connection": connection}, **options)
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _read_version(connection: Connection) -> str | None:
    version = MigrationContext.configure(connection).get_current_revision()
    if version is None and inspect(connection).get_table_names():
        raise not_a_register()
    if version is not None and version > SCHEMA_VERSION:
        raise Refusal("register-newer", "The register was made by a later release.", "Install that release.")
    return version
