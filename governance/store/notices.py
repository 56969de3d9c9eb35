"""Tables of notices: who was told what of a request, whether it was read, and how far its e-mail got."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Key, Name


class Notice(Base):
    """One person told of one thing, once a turn. `kind` is a value of egress.notices.Kind; the words are made from it
    when they are read. `mail`: none, waiting, sending, sent, unsure or given-up; `mail_at`: when it is next tried."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("request_id", "kind", "turn", "subject"),
        Index("ix_notice_unread", "subject", "read_at", "id"),
        Index("ix_notice_mail", "mail", "mail_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"))
    turn: Mapped[int]
    kind: Mapped[Name]
    written_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mail: Mapped[Name]
    mail_tries: Mapped[int] = mapped_column(default=0)
    mail_at: Mapped[datetime | None]


class MailAddress(Base):
    """Where a person's notices are mailed to; nobody without a row is mailed."""

    __tablename__ = "mail_address"

    subject: Mapped[Key] = mapped_column(ForeignKey("person.subject"), primary_key=True)
    address: Mapped[Name]
