"""Opens the register: one writer at a time, changes and their audit event in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.orm import Session, sessionmaker

from governance.refusal import Refusal
from governance.settings import Settings

BUSY_MILLISECONDS = 10_000


class Store:
    """One database. `transaction()` writes, `reading()` reads; sessions never leave their block."""

    def __init__(self, url: str, audit_head: Path | None = None, signing_key: Path | None = None) -> None:
        self.url = url
        self.audit_head = audit_head
        self.signing_key = signing_key
        self.engine = _sqlite(url) if url.startswith("sqlite") else create_engine(url, pool_pre_ping=True)
        self._reading = sessionmaker(self.engine, expire_on_commit=False)
        # A writer takes the lock at once: reading first and writing later would fail when two writers meet.
        self._writing = sessionmaker(self.engine.execution_options(sde_begin="BEGIN IMMEDIATE"), expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session holding the write lock from its first statement; commits, or rolls everything back."""
        from governance.audit import sign_head  # the chain's head follows each commit

        with self._writing() as session, session.begin():
            yield session
        head = session.info.pop("audit_head", None)
        if head is not None and self.audit_head is not None and self.signing_key is not None:
            sign_head(self.audit_head, self.signing_key, head)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading only; whatever is changed in it is rolled back."""
        with self._reading() as session:
            try:
                yield session
            finally:
                session.rollback()

    @property
    def is_initialised(self) -> bool:
        """Whether the tables exist."""
        return inspect(self.engine).has_table("audit_event")


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        del record
        connection.isolation_level = None  # we begin ourselves, below
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MILLISECONDS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sde_begin", "BEGIN"))

    return engine


def open_store(settings: Settings) -> Store:
    """The register of these settings. Raises Refusal `no-register` before `sde init`."""
    store = unchecked_store(settings)
    if not store.is_initialised:
        raise Refusal("no-register", f"There is no register in {settings.folder.root}.", "Run `sde init` first.")
    return store


def unchecked_store(settings: Settings) -> Store:
    """The store whether or not its tables exist; for `sde init`."""
    folder = settings.folder
    return Store(
        settings.register_url or f"sqlite:///{folder.register}", folder.audit_head, folder.keys / "audit-signing.pem"
    )
