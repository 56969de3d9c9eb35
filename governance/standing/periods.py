"""Whether one of several dated rows covers a day. Promise: a row that has not begun counts as one that ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class Dated(Protocol):
    """A row of the register that counts for some days, both inclusive; `until` None: no end."""

    @property
    def starts_on(self) -> date: ...  # noqa: D102

    @property
    def until(self) -> date | None: ...  # noqa: D102

    @property
    def withdrawn_at(self) -> datetime | None: ...  # noqa: D102


class Cover(StrEnum):
    """How a day is covered. The value ends the code of the reason."""

    IN_FORCE = "in-force"
    MISSING = "missing"
    NOT_STARTED = "not-started"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Covered:
    """How, and from when (`since`) or until when (`until`; None: no end, or not known)."""

    cover: Cover
    since: date | None = None
    until: date | None = None

    @property
    def in_force(self) -> bool:
        """Whether the day is covered."""
        return self.cover is Cover.IN_FORCE


def covers(row: Dated, day: date) -> bool:
    """Whether this row counts on that day."""
    return row.withdrawn_at is None and row.starts_on <= day and (row.until is None or day <= row.until)


def find_cover(rows: Iterable[Dated], day: date) -> Covered:
    """How the rows cover a day: by whichever lasts longest; else the one that begins next, where none has ended."""
    live = [row for row in rows if row.withdrawn_at is None]
    now = [row for row in live if covers(row, day)]
    if now:
        ends = [row.until for row in now if row.until is not None]
        endless = len(ends) < len(now)
        return Covered(Cover.IN_FORCE, min(row.starts_on for row in now), None if endless else max(ends))
    ended = [row.until for row in live if row.until is not None and row.until < day]
    if ended:
        return Covered(Cover.EXPIRED, until=max(ended))
    if live:
        return Covered(Cover.NOT_STARTED, since=min(row.starts_on for row in live))
    return Covered(Cover.MISSING)
