"""The duty signs each day once it is over, and asks the register once a day."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from governance.audit.days import days_folder
from governance.clock import today
from governance.store import Store
from hub.housekeeping.signed_days import SignedDays


def test_each_day_that_is_over_is_signed_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.audit_head is not None
    duty, begun = SignedDays(store), today()
    for passed in (0, 1, 1, 3):
        monkeypatch.setattr("hub.housekeeping.signed_days.today", lambda passed=passed: begun + timedelta(days=passed))
        asyncio.run(duty.sign_them())
        assert len(list(days_folder(store.audit_head).glob("*.json"))) == passed
    assert [file.stem for file in sorted(days_folder(store.audit_head).iterdir())] == [
        (begun + timedelta(days=number)).isoformat() for number in range(3)
    ]
