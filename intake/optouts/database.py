"""The file of the opt-outs: its tables, and how they are read.

Promise: nothing is taken back: history is only added to, but for the check service's answers, which may be kept for as
long as they are believed and no longer.

This file holds NHS numbers and lies in the identifiable zone, 0600. Versions are named in the register and in every
extract, so their digests are made with 32 random bytes that stay here: without them the digest of a load of one person
could be tried out against all NHS numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from intake.sources import quote_text

Connection = duckdb.DuckDBPyConnection
NO_DIGEST = "0" * 64
SCHEMA = """
CREATE TABLE version (number INTEGER PRIMARY KEY, event VARCHAR NOT NULL, actor VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL, content VARCHAR NOT NULL, salt BLOB NOT NULL, sha256 VARCHAR NOT NULL,
    policy VARCHAR NOT NULL, counts VARCHAR NOT NULL);
CREATE TABLE choice (version INTEGER NOT NULL, nhs_number BIGINT NOT NULL, kind VARCHAR NOT NULL,
    controller VARCHAR NOT NULL, status VARCHAR NOT NULL, starts DATE, ends DATE);
CREATE TABLE unresolved (version INTEGER NOT NULL, line INTEGER NOT NULL, reason VARCHAR NOT NULL,
    source VARCHAR NOT NULL);
CREATE TABLE resolved (version INTEGER NOT NULL, upto INTEGER NOT NULL, lines BIGINT NOT NULL, reason VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL);
CREATE TABLE request (number INTEGER PRIMARY KEY, seed VARCHAR NOT NULL, asked_at TIMESTAMP NOT NULL,
    numbers BIGINT NOT NULL, sha256 VARCHAR NOT NULL);
CREATE TABLE asked (request INTEGER NOT NULL, nhs_number BIGINT NOT NULL);
CREATE TABLE answer (version INTEGER NOT NULL, request INTEGER NOT NULL, answered_at TIMESTAMP NOT NULL,
    imported_at TIMESTAMP NOT NULL, sha256 VARCHAR NOT NULL, asked BIGINT NOT NULL, allowed BIGINT NOT NULL);
CREATE TABLE allowed (request INTEGER NOT NULL, nhs_number BIGINT NOT NULL);
CREATE TABLE journal_choice (person_ref UBIGINT NOT NULL, entered DATE, dissents BOOLEAN NOT NULL);
CREATE TABLE controller (code VARCHAR NOT NULL, feed VARCHAR NOT NULL);
"""


@dataclass(frozen=True)
class StoredVersion:
    """One state of the opt-outs as the file says it. `counts`: JSON."""

    number: int
    event: str
    actor: str
    made_at: datetime
    sha256: str
    policy: str
    counts: str


@contextmanager
def attached(connection: Connection, file: Path, alias: str) -> Iterator[str]:
    """The database under `alias`, read-only, for as long as the block lasts; under its own name if the caller has it
    open already. Raises Refusal `opt-outs-unreadable`."""
    known = connection.execute("SELECT database_name FROM duckdb_databases() WHERE path = ?", [str(file)]).fetchall()
    if known:
        yield str(known[0][0])
        return
    try:
        connection.execute(f"ATTACH {quote_text(str(file))} AS {alias} (TYPE duckdb, READ_ONLY)")
    except duckdb.Error:
        raise unreadable(file) from None
    try:
        yield alias
    finally:
        connection.execute(f"DETACH {alias}")


def versions(connection: Connection, alias: str) -> tuple[StoredVersion, ...]:
    """Every version, oldest first."""
    rows = connection.execute(
        f"SELECT number, event, actor, made_at, sha256, policy, counts FROM {alias}.version ORDER BY number"
    ).fetchall()
    return tuple(StoredVersion(row[0], row[1], row[2], in_utc(row[3]), *row[4:]) for row in rows)


def in_utc(moment: datetime) -> datetime:
    """A moment as the file holds it (UTC without saying so) or any other, in UTC."""
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def unreadable(file: Path) -> Refusal:
    """What is said of a file that is damaged or something else."""
    return Refusal(
        "opt-outs-unreadable",
        f"{file.name} cannot be read.",
        "Restore it from the newest backup; until then nothing is cut from the region.",
    )
