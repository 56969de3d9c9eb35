"""The one clock: timezone-aware UTC, so that every gate and every event means the same moment."""

from __future__ import annotations

from datetime import UTC, date, datetime


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date in UTC; end dates are inclusive, so a membership `until` today still holds today."""
    return now().date()
