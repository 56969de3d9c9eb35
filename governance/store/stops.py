"""Tables of the kill switch and of reminders."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, LongText, Name


class Stop(Base):
    """Something stopped by hand until somebody else resumes it. `scope`: egress, project or person; `target`: the
    project's slug, the person's subject, or empty. In force while `resumed_at` is None."""

    __tablename__ = "stop"

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[Name]
    target: Mapped[Name] = mapped_column(default="")
    reason: Mapped[LongText]
    stopped_by: Mapped[Name]
    stopped_at: Mapped[datetime]
    resumed_by: Mapped[Name] = mapped_column(default="")
    resumed_at: Mapped[datetime | None] = mapped_column(index=True)


class Reminder(Base):
    """One person told, once, so many days before something ends. `kind`: a value of governance.standing.EndingKind;
    `target`: of what (a course, a project, an organisation); the words are made when it is read. `mail`, `mail_at`: as
    of governance.store.notices.Notice."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("subject", "kind", "target", "until", "days"),
        Index("ix_reminder_unread", "subject", "read_at", "id"),
        Index("ix_reminder_mail", "mail", "mail_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    kind: Mapped[Name]
    target: Mapped[Name]
    of: Mapped[Name] = mapped_column(default="")
    until: Mapped[date]
    days: Mapped[int]
    written_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mail: Mapped[Name]
    mail_tries: Mapped[int] = mapped_column(default=0)
    mail_at: Mapped[datetime | None]
