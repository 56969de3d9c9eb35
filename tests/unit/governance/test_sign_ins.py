"""How long a sign-in counts, by the register's word, and who may end it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from governance import registry, sign_ins
from governance.clock import now
from governance.refusal import Refusal
from governance.sign_ins import find_unforgotten, note_forgotten, note_sign_in, read_bounds, read_sign_in
from governance.store import Store
from governance.store.audit_log import AuditEvent

HOURS = 12.0


def sign_in(store: Store, subject: str = "researcher-a") -> datetime:
    with store.transaction() as session:
        note_sign_in(session, subject)
    with store.reading() as session:
        held = read_sign_in(session, subject)
    assert held is not None
    return held


def counts(store: Store, began: datetime, subject: str = "researcher-a") -> bool:
    with store.reading() as session:
        return read_bounds(session, subject, HOURS).hold(began)


def unforgotten(store: Store) -> list[str]:
    with store.reading() as session:
        return find_unforgotten(session)


def test_a_session_counts_so_many_hours_after_the_last_sign_in(
    demo_register: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in = sign_in(demo_register)
    late = signed_in + timedelta(hours=11)  # a session that began late in the day ends with the day all the same
    assert counts(demo_register, late)
    monkeypatch.setattr(sign_ins, "now", lambda: signed_in + timedelta(hours=HOURS, seconds=-1))
    assert counts(demo_register, late)
    monkeypatch.setattr(sign_ins, "now", lambda: signed_in + timedelta(hours=HOURS))
    assert not counts(demo_register, late)
    sign_in(demo_register)
    assert counts(demo_register, late)


def test_who_has_no_sign_in_on_record_goes_by_the_sessions_own_end(demo_register: Store) -> None:
    assert counts(demo_register, now())


def test_signing_out_everywhere_ends_what_began_before_and_nothing_else(demo_register: Store) -> None:
    before, other = sign_in(demo_register), sign_in(demo_register, "researcher-b")
    registry.end_sessions(demo_register, actor="researcher-a", subject="researcher-a")
    assert not counts(demo_register, before)
    assert not counts(demo_register, now() - timedelta(seconds=5))
    assert counts(demo_register, sign_in(demo_register))
    assert counts(demo_register, other, "researcher-b")
    with demo_register.reading() as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.event == "person.signed-out-everywhere"))
        assert event.actor == "researcher-a"


def test_the_hub_is_told_once_for_each_time(demo_register: Store) -> None:
    sign_in(demo_register)
    assert unforgotten(demo_register) == []
    for _ in range(2):
        registry.end_sessions(demo_register, actor="admin", subject="researcher-a")
        assert unforgotten(demo_register) == ["researcher-a"]
        with demo_register.transaction() as session:
            note_forgotten(session, "researcher-a")
        assert unforgotten(demo_register) == []


def test_a_session_from_a_hub_that_had_not_forgotten_yet_ends_when_it_has(demo_register: Store) -> None:
    sign_in(demo_register)
    registry.end_sessions(demo_register, actor="researcher-a", subject="researcher-a")
    between = now()
    assert counts(demo_register, between)
    with demo_register.transaction() as session:
        note_forgotten(session, "researcher-a")
    assert not counts(demo_register, between)
    assert counts(demo_register, now())


def test_only_they_themselves_administrators_and_operators_may(demo_register: Store) -> None:
    for actor in ("researcher-b", "checker-a", "steward"):
        with pytest.raises(Refusal, match=r"role-missing|not-registered"):
            registry.end_sessions(demo_register, actor=actor, subject="researcher-a")
    with pytest.raises(Refusal, match="no-such-person"):
        registry.end_sessions(demo_register, actor="admin", subject="nobody")
    assert unforgotten(demo_register) == []
    registry.end_sessions(demo_register, actor=registry.operator(), subject="researcher-a")
    assert unforgotten(demo_register) == ["researcher-a"]
