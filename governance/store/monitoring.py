"""Tables of the monitoring: alarms with their review, and how far the audit chain was looked at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Key, LongText, Name


class Alarm(Base):
    """One alarm of one rule about one person or thing. `last_seq`: the event that raised it (0: none did); `at`: when
    that was; `state`: open, looked-at or closed."""

    __tablename__ = "alarm"
    __table_args__ = (
        UniqueConstraint("rule", "about", "last_seq", "at"),
        Index("ix_alarm_state", "state", "id"),
        Index("ix_alarm_newest", "rule", "about", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[Name]
    about: Mapped[Name]
    project: Mapped[str | None]
    events: Mapped[int]
    last_seq: Mapped[int]
    at: Mapped[datetime]
    raised_at: Mapped[datetime]
    state: Mapped[Name]
    looked_by: Mapped[Name] = mapped_column(default="")
    looked_at: Mapped[datetime | None]
    closed_by: Mapped[Name] = mapped_column(default="")
    closed_at: Mapped[datetime | None]
    note: Mapped[LongText] = mapped_column(default="")


class MonitoringMark(Base):
    """How far one watcher has looked: the number of the last event."""

    __tablename__ = "monitoring_mark"

    name: Mapped[Key]
    seq: Mapped[int]
