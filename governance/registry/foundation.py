"""Lays the foundation of one gateway: folders, audit-signing key, register. Promise: run again, it changes nothing,
never overwrites a key, and never makes a new key for a register that was signed with another.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from governance.audit import append_event
from governance.refusal import Refusal
from governance.registry.authority import operator
from governance.settings import Settings
from governance.store import Store
from governance.store.database import unchecked_store

PRIVATE_FILE = 0o600


def initialise(settings: Settings) -> Store:
    """Create what is missing and bring the register's schema up to date; returns the open store. Idempotent, and safe
    when two processes do it at once.

    Raises Refusal `not-a-register`, `signing-key-missing`, `state-not-private`.
    """
    folder = settings.folder
    folder.create()
    store = unchecked_store(settings)
    _create_private_file(folder.register if not settings.register_url else None)
    if store.is_initialised and not store.has_signing_key:
        raise Refusal(
            "signing-key-missing",
            f"The audit-signing key is missing from {folder.keys}.",
            "Restore it from your backup; a new key could not prove the events signed so far.",
        )
    _create_signing_key(folder.keys / "audit-signing.pem")
    _migrate(store)
    return store


def _migrate(store: Store) -> None:
    from governance.migrations import upgrade  # imports Alembic, which nothing else here needs

    before, after = upgrade(store.engine)
    if before == after:
        return
    with store.transaction() as session:
        event = "register.created" if before is None else "register.migrated"
        append_event(session, event=event, actor=operator(), detail={"schema": after})


def _create_private_file(file: Path | None) -> None:
    """SQLite gives its side files the mode of the database file, so that one is made first."""
    if file is not None:
        os.close(os.open(file, os.O_CREAT | os.O_RDONLY, PRIVATE_FILE))
        file.chmod(PRIVATE_FILE)


def _create_signing_key(file: Path) -> None:
    """Write a new key beside its place, then link it there: a link never replaces, and nobody sees half a key."""
    if file.exists():
        return
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    spare = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(spare, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(spare, file)
    except FileExistsError:
        pass  # another process was first; its key counts
    finally:
        spare.unlink()
