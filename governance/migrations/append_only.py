"""Triggers that make a table append-only. Promise: the database itself refuses UPDATE, DELETE and TRUNCATE on it.

They stop accidents and ordinary SQL; whoever owns the database can drop them, which is why the audit chain is also
hashed and its head signed (governance.audit).
"""

from __future__ import annotations

from collections.abc import Iterator

#: table -> its key
TABLES = {"audit_event": "seq", "query_receipt": "id"}


def create_triggers(dialect: str) -> Iterator[str]:
    """The statements for SQLite or PostgreSQL. Raises ValueError for any other database: fail closed."""
    if dialect == "sqlite":
        for table, key in TABLES.items():
            refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}"
            yield f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}"
            # INSERT OR REPLACE deletes the row in its way without firing the trigger above.
            clash = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key} OR rowid = NEW.rowid)"  # noqa: S608 (constants)
            yield f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {clash} {refuse}"
    elif dialect == "postgresql":
        yield (
            "CREATE FUNCTION sde_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END$$"
        )
        for table in TABLES:
            yield (
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION sde_append_only()"
            )
    else:
        raise ValueError(f"no append-only triggers for {dialect}")
