"""The hub's rounds of the monitoring: rules at each round, the whole chain once a day by a process of its own."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from governance.audit import append_event
from governance.clock import today
from governance.monitoring import list_alarms
from governance.settings import Settings
from governance.store import Store
from hub.housekeeping.monitoring import Monitoring

pytestmark = pytest.mark.slow


def test_a_chain_that_was_changed_raises_one_alarm_a_day(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    duty = Monitoring(store, settings)
    asyncio.run(duty.verify())
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_event_no_update")
        connection.exec_driver_sql("UPDATE audit_event SET actor = 'somebody' WHERE seq = 1")
    asyncio.run(duty.verify())
    with store.reading() as session:
        assert list_alarms(session) == (), "it was verified today"
    monkeypatch.setattr("hub.housekeeping.monitoring.today", lambda: today() + timedelta(days=1))
    asyncio.run(duty.verify())
    asyncio.run(duty.verify())
    with store.reading() as session:
        assert [(one.rule, one.about) for one in list_alarms(session)] == [("chain-broken", "chain")]


def test_a_round_applies_the_rules(store: Store, settings: Settings) -> None:
    with store.transaction() as session:
        append_event(session, event="stop.stopped", actor="admin")
    asyncio.run(Monitoring(store, settings).look())
    with store.reading() as session:
        assert [one.rule for one in list_alarms(session)] == ["kill-switch"]
