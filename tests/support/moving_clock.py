"""A clock that tests move: the gateway's one clock (governance.clock) then runs ahead of the real one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Self

import pytest


class MovingClock:
    """How far ahead the gateway believes to be. `install` puts it in place for as long as `patch` lives."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def today(self) -> date:
        return (datetime.now(UTC) + self.ahead).date()

    def install(self, patch: pytest.MonkeyPatch) -> None:
        clock = self

        class Ahead(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return super().now(tz) + clock.ahead

        patch.setattr("governance.clock.datetime", Ahead)
