"""Counts of what left workspaces: added up, and told once when they cross a limit."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from governance.registry.traffic import ALARM, CAP, Passed, add_traffic, out_bytes_of_day
from governance.store import Store
from governance.store.audit_log import AuditEvent

DAY = date(2026, 3, 1)


def passed(out_bytes: int, day: date = DAY, subject: str = "researcher-a") -> Passed:
    return Passed(subject, "gi-bleed", day, requests=1, out_bytes=out_bytes, into_bytes=5)


def add(store: Store, *more: Passed) -> list[str]:
    return [one.event for one in add_traffic(store, more, alarm_bytes=100, cap_bytes=200)]


def told(store: Store) -> list[dict[str, Any]]:
    with store.reading() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.event.in_([ALARM, CAP])).order_by(AuditEvent.seq))
        return [{"event": row.event, "actor": row.actor, **json.loads(row.detail)} for row in rows]


def test_each_limit_is_told_once_a_day_and_person(demo_register: Store) -> None:
    assert add(demo_register, passed(100)) == []
    assert add(demo_register, passed(1)) == [ALARM]
    assert add(demo_register, passed(99), passed(3, subject="researcher-b")) == []
    assert add(demo_register, passed(1)) == [CAP]
    assert add(demo_register, passed(10**9)) == []
    assert add(demo_register, passed(500, date(2026, 3, 2))) == [ALARM, CAP]
    assert [(one["event"], one["day"]) for one in told(demo_register)] == [
        (ALARM, "2026-03-01"),
        (CAP, "2026-03-01"),
        (ALARM, "2026-03-02"),
        (CAP, "2026-03-02"),
    ]
    first = told(demo_register)[0]
    assert first == {
        "event": ALARM,
        "actor": "service:edge",
        "subject": "researcher-a",
        "day": "2026-03-01",
        "out_bytes": 101,
        "limit": 100,
    }


def test_the_record_holds_the_sum(demo_register: Store) -> None:
    add(demo_register, passed(7), passed(2**40))
    with demo_register.reading() as session:
        assert out_bytes_of_day(session, "researcher-a", "gi-bleed", DAY) == 7 + 2**40
        assert out_bytes_of_day(session, "researcher-b", "gi-bleed", DAY) == 0


def test_a_count_and_its_event_stand_or_fall_together(demo_register: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr("governance.registry.traffic.append_event", broken)
    with pytest.raises(OSError):
        add(demo_register, passed(101))
    with demo_register.reading() as session:
        assert out_bytes_of_day(session, "researcher-a", "gi-bleed", DAY) == 0
