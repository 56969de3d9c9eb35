"""Alembic's environment: runs the steps on the connection that governance.migrations hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from governance.store.tables import Base


def run() -> None:
    """Offline (print the SQL for an operator's database team) or on the given connection."""
    if context.is_offline_mode():
        context.configure(
            dialect_name=context.config.attributes["dialect"], target_metadata=Base.metadata, literal_binds=True
        )
    else:
        connection = context.config.attributes["connection"]
        context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


run()
