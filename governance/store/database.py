"""Opens the register: one writer at a time, changes and their audit event in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from governance.refusal import Refusal
from governance.settings import Settings

if TYPE_CHECKING:
    from governance.audit import Head

logger = structlog.get_logger()

BUSY_MILLISECONDS = 10_000
ADVISORY_LOCK = 7305  # PostgreSQL: one writer at a time, as with SQLite
SCHEMA_VERSION = "0019"  # the newest step of governance.migrations


class Store:
    """One database. `transaction()` writes, `reading()` reads; sessions never leave their block."""

    def __init__(self, url: str, audit_head: Path | None = None, signing_key: Path | None = None) -> None:
        self.url = url
        self.audit_head = audit_head
        self.signing_key = signing_key
        self.engine = _sqlite(url) if url.startswith("sqlite") else create_engine(url, pool_pre_ping=True)
        self._reading = sessionmaker(_one_moment(self.engine), expire_on_commit=False)
        # A writer takes the lock at once: reading first and writing later would fail when two writers meet.
        self._writing = sessionmaker(self.engine.execution_options(sde_begin="BEGIN IMMEDIATE"), expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session holding the write lock from its first statement; commits, or rolls everything back.

        The signed head follows each commit. A key that cannot sign refuses the whole step beforehand (Refusal
        `signing-key-missing`); a head that cannot be written afterwards (disk full) is logged, since the step and its
        event are committed by then, and the next commit writes it.
        """
        self._check_can_sign()
        with self._writing() as session, session.begin():
            if session.get_bind().dialect.name == "postgresql":  # SQLite locked at BEGIN IMMEDIATE
                session.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
            yield session
        head = session.info.pop("audit_head", None)
        if head is not None:
            self._sign(head)

    def _check_can_sign(self) -> None:
        from governance.audit.signed_head import load_signing_key

        if self.signing_key is None:
            return
        try:
            load_signing_key(self.signing_key)
        except (OSError, ValueError):
            raise Refusal(
                "signing-key-missing",
                "The audit-signing key is missing or not usable, so nothing can be changed.",
                "Restore the key from your backup.",
            ) from None

    def _sign(self, head: Head) -> None:
        from governance.audit.signed_head import sign_head

        if self.audit_head is None or self.signing_key is None:
            return
        try:
            sign_head(self.audit_head, self.signing_key, head)
        except (OSError, ValueError) as error:
            logger.error("audit.head_not_signed", seq=head.seq, cause=type(error).__name__)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading only; whatever is changed in it is rolled back."""
        with self._reading() as session:
            try:
                yield session
            finally:
                session.expunge_all()  # what was read stays readable; a rollback would empty it
                session.rollback()

    def close(self) -> None:
        """Close every pooled connection; the store may be used again and opens new ones."""
        self.engine.dispose()

    @property
    def has_signing_key(self) -> bool:
        """Whether the head of the audit chain can be signed."""
        return self.signing_key is not None and self.signing_key.is_file()

    @property
    def schema_version(self) -> str:
        """The schema's version as the migrations wrote it; empty for an empty database.

        Raises Refusal `not-a-register` for a database (or a file) of something else, `register-unreachable`.
        """
        try:
            with self.engine.connect() as connection:
                tables = inspect(connection).get_table_names()
                if not tables:
                    return ""
                if not {"alembic_version", "audit_event"} <= set(tables):
                    raise not_a_register()
                return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
        except OperationalError:
            raise Refusal(
                "register-unreachable",
                "The register cannot be opened.",
                "Check that its database is there, readable and not busy.",
            ) from None
        except DatabaseError:
            raise not_a_register() from None

    @property
    def is_initialised(self) -> bool:
        """Whether the tables exist. Raises as `schema_version`."""
        return self.schema_version != ""


def _one_moment(engine: Engine) -> Engine:
    """Whoever reads several things sees them as they were at one moment, as SQLite always does."""
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="REPEATABLE READ")


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


def not_a_register() -> Refusal:
    """What is said of a database that holds something else."""
    return Refusal("not-a-register", "The database is not a register of this gateway.", "Check SDE_STATE.")


def open_store(settings: Settings) -> Store:
    """The register of these settings. Raises Refusal `no-register` before `sde init`, `register-outdated` after an
    upgrade of the gateway, `register-newer` and `not-a-register`."""
    missing = Refusal("no-register", f"There is no register in {settings.folder.root}.", "Run `sde init` first.")
    if not settings.register_url and not settings.folder.register.is_file():
        raise missing  # opening it would make an empty file
    store = unchecked_store(settings)
    version = store.schema_version
    if not version:
        raise missing
    if version < SCHEMA_VERSION:
        raise Refusal("register-outdated", "The register was made by an earlier release.", "Run `sde init`.")
    if version > SCHEMA_VERSION:
        raise Refusal("register-newer", "The register was made by a later release.", "Install that release.")
    return store


def unchecked_store(settings: Settings) -> Store:
    """The store whether or not its tables exist; for `sde init`."""
    folder = settings.folder
    url = settings.register_url or f"sqlite:///{folder.register}"
    return Store(url, folder.audit_head, folder.keys / "audit-signing.pem")
