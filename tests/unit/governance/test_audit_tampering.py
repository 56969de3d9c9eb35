"""Attacks on the audit chain by somebody who owns the database: each is found and the first broken event named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from governance.audit import ChainReport, append_event, verify_chain
from governance.audit.canonical import digest_event
from governance.store import Store

pytestmark = pytest.mark.slow  # every combination: over ten seconds together

EVENTS = 9  # the first is register.created, written by the initialisation
COLUMNS = {
    "at": "2026-01-01 00:00:00.000000",
    "event": "query.refused",
    "actor": "somebody-else",
    "project": "respiratory",
    "detail": '{"number":99}',
    "previous": "f" * 64,
    "digest": "f" * 64,
}
NONSENSE = {"at": "never", "event": b"\xff\xfe", "actor": b"bytes", "detail": 7, "digest": b"\x00"}


@pytest.fixture
def chain(store: Store) -> Store:
    for number in range(2, EVENTS + 1):
        with store.transaction() as session:
            append_event(session, event="query.answered", actor=f"p{number}", project="gi", detail={"number": number})
    return store


@contextmanager
def owner(store: Store) -> Iterator[sqlite3.Connection]:
    """The database as its owner sees it, without our triggers."""
    connection = sqlite3.connect(str(store.engine.url.database))
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    connection.commit()
    connection.close()


def verify(store: Store, *, signed: bool = True) -> ChainReport:
    with store.reading() as session:
        return verify_chain(session, store.audit_head if signed else None, store.signing_key if signed else None)


def rehash(connection: sqlite3.Connection, first: int) -> None:
    """Recompute every digest from an event on, as an attacker would."""
    rows = connection.execute(
        "SELECT seq, at, event, actor, project, detail FROM audit_event WHERE seq >= ? ORDER BY seq", (first,)
    ).fetchall()
    found = connection.execute("SELECT digest FROM audit_event WHERE seq = ?", (first - 1,)).fetchone()
    previous = found[0] if found else "0" * 64
    for row in rows:
        digest = digest_event(*row, previous)
        connection.execute("UPDATE audit_event SET previous = ?, digest = ? WHERE seq = ?", (previous, digest, row[0]))
        previous = digest


def test_an_untouched_chain_holds(chain: Store) -> None:
    assert verify(chain) == ChainReport(EVENTS)
    assert verify(chain).holds


@pytest.mark.parametrize("seq", [1, 5, EVENTS])
@pytest.mark.parametrize("column", COLUMNS)
def test_any_changed_column_of_any_event_is_named(chain: Store, column: str, seq: int) -> None:
    with owner(chain) as connection:
        connection.execute(f"UPDATE audit_event SET {column} = ? WHERE seq = ?", (COLUMNS[column], seq))
    report = verify(chain)
    assert (report.broken_seq, report.events) == (seq, seq - 1)
    assert report.broken_event == ("query.refused" if column == "event" else _name(seq))
    assert report.reason


@pytest.mark.parametrize("column", NONSENSE)
def test_nonsense_in_a_column_is_reported_not_raised(chain: Store, column: str) -> None:
    with owner(chain) as connection:
        connection.execute(f"UPDATE audit_event SET {column} = ? WHERE seq = 5", (NONSENSE[column],))
    assert verify(chain).broken_seq == 5


def test_bytes_that_are_no_text_are_reported(chain: Store) -> None:
    with owner(chain) as connection:
        connection.execute("UPDATE audit_event SET actor = CAST(x'fffe' AS TEXT) WHERE seq = 5")
    report = verify(chain)
    assert (report.broken_seq, report.events) == (5, 4)
    assert "cannot be read" in report.reason


def test_an_emptied_project_is_not_the_same_as_none(chain: Store) -> None:
    with owner(chain) as connection:
        connection.execute("UPDATE audit_event SET project = '' WHERE seq = 1")
    assert verify(chain).broken_seq == 1


@pytest.mark.parametrize("seq", [1, 5, EVENTS])
def test_a_deleted_event_is_missed(chain: Store, seq: int) -> None:
    with owner(chain) as connection:
        connection.execute("DELETE FROM audit_event WHERE seq = ?", (seq,))
    report = verify(chain)
    assert (report.broken_seq, report.events) == (seq, seq - 1)
    assert "missing" in report.reason


def test_a_deleted_event_is_missed_even_when_the_rest_is_renumbered(chain: Store) -> None:
    with owner(chain) as connection:
        connection.execute("DELETE FROM audit_event WHERE seq = 4")
        for seq in range(5, EVENTS + 1):
            connection.execute("UPDATE audit_event SET seq = ? WHERE seq = ?", (seq - 1, seq))
    assert verify(chain).broken_seq == 4


def test_the_whole_chain_deleted(chain: Store) -> None:
    with owner(chain) as connection:
        connection.execute("DELETE FROM audit_event")
    assert verify(chain).broken_seq == 1


def test_swapped_events_are_named(chain: Store) -> None:
    with owner(chain) as connection:
        for old, new in ((4, 100), (5, 4), (100, 5)):
            connection.execute("UPDATE audit_event SET seq = ? WHERE seq = ?", (new, old))
    assert verify(chain).broken_seq == 4


@pytest.mark.parametrize("seq", [0, -3, 5, EVENTS + 1, EVENTS + 5])
def test_an_inserted_event_is_named(chain: Store, seq: int) -> None:
    with owner(chain) as connection:
        for moved in range(EVENTS, seq - 1, -1) if seq > 0 else ():
            connection.execute("UPDATE audit_event SET seq = ? WHERE seq = ?", (moved + 1, moved))
        connection.execute(
            "INSERT INTO audit_event (seq, at, event, actor, project, detail, previous, digest) "
            "SELECT ?, at, 'egress.released', actor, project, detail, previous, digest FROM audit_event WHERE seq = 3",
            (seq,),
        )
    assert verify(chain).broken_seq == min(seq, EVENTS + 1)


@pytest.mark.parametrize("first", [1, 5, EVENTS])
def test_recomputed_digests_meet_the_signed_head(chain: Store, first: int) -> None:
    with owner(chain) as connection:
        connection.execute("UPDATE audit_event SET actor = 'somebody-else' WHERE seq = ?", (first,))
        rehash(connection, first)
    assert verify(chain, signed=False).holds, "only the signed head can tell"
    report = verify(chain)
    assert report.broken_seq == EVENTS
    assert "signed head" in report.reason


def test_a_shortened_and_recomputed_chain_meets_the_signed_head(chain: Store) -> None:
    with owner(chain) as connection:
        connection.execute("DELETE FROM audit_event WHERE seq > 6")
    assert verify(chain, signed=False).holds
    report = verify(chain)
    assert report.broken_seq == 7
    assert f"knows {EVENTS} events" in report.reason


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda head, key: head.unlink(), "is missing"),
        (lambda head, key: head.write_text("{}"), "cannot be read"),
        (lambda head, key: head.write_text("not json"), "cannot be read"),
        (lambda head, key: head.write_bytes(b"\xff\xfe\x00"), "cannot be read"),
        (lambda head, key: head.write_text('{"seq":9,"digest":"x","signature":"zz"}'), "cannot be read"),
        (lambda head, key: head.write_text(head.read_text().replace('"seq": 9', '"seq": 8')), "not signed with"),
        (lambda head, key: key.unlink(), "signing key"),
        (lambda head, key: key.write_text("x"), "signing key"),
    ],
)
def test_trouble_with_the_signed_head_is_said_clearly(
    chain: Store, harm: Callable[[Path, Path], object], reason: str
) -> None:
    assert chain.audit_head is not None
    assert chain.signing_key is not None
    harm(chain.audit_head, chain.signing_key)
    report = verify(chain)
    assert not report.holds
    assert (report.events, report.broken_seq) == (EVENTS, EVENTS + 1)
    assert report.reason.startswith("the end of the chain cannot be proven")
    assert reason in report.reason


def test_events_newer_than_the_signed_head_are_counted(chain: Store) -> None:
    assert chain.audit_head is not None
    kept = chain.audit_head.read_bytes()
    with chain.transaction() as session:
        append_event(session, event="query.answered", actor="p")
    chain.audit_head.write_bytes(kept)  # as if the machine had stopped between commit and signing
    assert verify(chain) == ChainReport(EVENTS + 1, unsigned=1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'x'",
        "DELETE FROM audit_event",
        "DELETE FROM audit_event WHERE seq = 3",
        "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 3",
    ],
)
def test_the_database_refuses_ordinary_changes(chain: Store, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), chain.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert verify(chain).holds


def _name(seq: int) -> str:
    return "register.created" if seq == 1 else "query.answered"
