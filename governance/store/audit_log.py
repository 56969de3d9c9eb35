"""The audit chain's table. Triggers refuse every UPDATE and DELETE (created by the migrations)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Digest, LongText, Name


class AuditEvent(Base):
    """One event. `digest` covers every other column and the previous event's digest."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_at", "at", "seq"),
        Index("ix_audit_event_event", "event", "seq"),
        Index("ix_audit_event_actor", "actor", "seq"),
        Index("ix_audit_event_project", "project", "seq"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    event: Mapped[Name]
    actor: Mapped[Name]
    project: Mapped[str | None]
    detail: Mapped[LongText]
    previous: Mapped[Digest]
    digest: Mapped[Digest]
