"""Appending events: with the change or not at all; the head signed after each commit, never backwards."""

from __future__ import annotations

import json
import os
import stat

import pytest
import structlog
from sqlalchemy import select

from governance.audit import GENESIS, Head, append_event, read_events, read_head, sign_head, verify_chain
from governance.audit.signed_head import read_signed_head
from governance.clock import now
from governance.refusal import Refusal
from governance.store import Store
from governance.store.audit_log import AuditEvent
from governance.store.people import Organisation


def test_an_event_holds_its_facts_and_its_place(store: Store) -> None:
    with store.transaction() as session:
        before = read_head(session)
        row = append_event(
            session, event="egress.voted", actor="c", project="gi", detail={"b": 1, "a": None, "c": True, "d": 1.5}
        )
        assert (row.seq, row.previous) == (before.seq + 1, before.digest)
        assert row.detail == '{"a":null,"b":1,"c":true,"d":1.5}'
        assert row.at <= now()
        assert read_head(session) == Head(row.seq, row.digest)
    with store.reading() as session:
        assert [event.event for event in read_events(session)] == ["register.created", "egress.voted"]
        assert next(read_events(session)).previous == GENESIS


def test_several_events_in_one_transaction(store: Store) -> None:
    with store.transaction() as session:
        for _ in range(3):
            append_event(session, event="a.b", actor="x")
    with store.reading() as session:
        assert verify_chain(session, store.audit_head, store.signing_key).events == 4


def test_a_failed_change_leaves_no_event_and_an_event_refused_leaves_no_change(store: Store) -> None:
    with store.reading() as session:
        before = read_head(session)
    with pytest.raises(RuntimeError), store.transaction() as session:
        append_event(session, event="a.b", actor="x")
        raise RuntimeError
    with pytest.raises(ValueError, match="dotted"), store.transaction() as session:
        session.add(Organisation(name="ghost"))
        append_event(session, event="Not A Name", actor="x")
    with store.reading() as session:
        assert read_head(session) == before
        assert session.get(Organisation, "ghost") is None
    assert store.audit_head is not None
    assert store.signing_key is not None
    assert read_signed_head(store.audit_head, store.signing_key) == (before, "")


@pytest.mark.parametrize(
    "bad",
    [
        {"event": "voted"},
        {"event": ""},
        {"event": "a.b\n"},
        {"actor": ""},
        {"actor": "x" * 201},
        {"detail": {"a": ["list"]}},
        {"detail": {"a": {"b": 1}}},
        {"detail": {"a": "x" * 30_000}},
        {"detail": {"a": float("nan")}},
    ],
)
def test_an_event_of_another_form_is_a_mistake_of_ours(store: Store, bad: dict[str, object]) -> None:
    with pytest.raises(ValueError), store.transaction() as session:
        append_event(session, **{"event": "a.b", "actor": "x", **bad})  # type: ignore[arg-type]


def test_the_signed_head_follows_each_commit_and_is_private(store: Store) -> None:
    assert store.audit_head is not None
    assert store.signing_key is not None
    for _ in range(2):
        with store.transaction() as session:
            row = append_event(session, event="a.b", actor="x")
        assert read_signed_head(store.audit_head, store.signing_key) == (Head(row.seq, row.digest), "")
    for file in store.audit_head.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert sorted(file.name for file in store.audit_head.parent.iterdir()) == ["head.json", "head.lock"]


def test_an_older_head_never_replaces_a_newer_one(store: Store) -> None:
    assert store.audit_head is not None
    assert store.signing_key is not None
    sign_head(store.audit_head, store.signing_key, Head(50, "a" * 64))
    sign_head(store.audit_head, store.signing_key, Head(49, "b" * 64))
    sign_head(store.audit_head, store.signing_key, Head(50, "c" * 64))
    assert read_signed_head(store.audit_head, store.signing_key) == (Head(50, "a" * 64), "")


def test_a_forged_newer_head_does_not_stop_signing(store: Store) -> None:
    assert store.audit_head is not None
    assert store.signing_key is not None
    forged = {"seq": 1000, "digest": "0" * 64, "signature": "00" * 64}
    store.audit_head.write_text(json.dumps(forged))
    with store.transaction() as session:
        row = append_event(session, event="a.b", actor="x")
    assert read_signed_head(store.audit_head, store.signing_key) == (Head(row.seq, row.digest), "")


def test_without_the_key_nothing_changes(store: Store) -> None:
    assert store.signing_key is not None
    store.signing_key.unlink()
    with pytest.raises(Refusal) as refused, store.transaction():
        raise AssertionError("the block must not be entered")
    assert refused.value.code == "signing-key-missing"


def test_a_key_of_another_kind_is_no_key(store: Store) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    assert store.signing_key is not None
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    store.signing_key.write_bytes(other)
    with pytest.raises(Refusal) as refused, store.transaction():
        pass
    assert refused.value.code == "signing-key-missing"


def test_a_head_that_cannot_be_written_is_logged_and_the_step_stands(store: Store) -> None:
    assert store.audit_head is not None
    folder = store.audit_head.parent
    moved = folder.rename(folder.with_name("elsewhere"))
    with structlog.testing.capture_logs() as logs, store.transaction() as session:
        row = append_event(session, event="a.b", actor="x")
    assert logs == [
        {"event": "audit.head_not_signed", "seq": row.seq, "cause": "FileNotFoundError", "log_level": "error"}
    ]
    moved.rename(folder)
    with store.reading() as session:
        report = verify_chain(session, store.audit_head, store.signing_key)
    assert (report.events, report.unsigned) == (row.seq, 1)


def test_a_store_without_files_signs_nothing(store: Store) -> None:
    bare = Store(store.url)
    with bare.transaction() as session:
        append_event(session, event="a.b", actor="x")
    half = Store(store.url, signing_key=store.signing_key)
    with half.transaction() as session:
        append_event(session, event="a.b", actor="x")
    assert not bare.has_signing_key
    assert half.has_signing_key
    with store.reading() as session:
        assert verify_chain(session, store.audit_head, store.signing_key).unsigned == 2
        assert verify_chain(session, None, None).holds
    bare.close()
    half.close()


def test_what_is_read_stays_readable_and_changes_nothing(store: Store) -> None:
    with store.reading() as session:
        session.add(Organisation(name="ghost"))
        session.flush()
        row = session.scalars(select(AuditEvent)).one()
    assert row.event == "register.created"
    with store.reading() as session:
        assert session.get(Organisation, "ghost") is None
    assert os.path.exists(str(store.engine.url.database))  # noqa: PTH110
