"""Tables of incidents: what went wrong after something had left, and what was done about it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from governance.store.base import Base, Key, LongText, Name


class Incident(Base):
    """One incident. `kind` and `state` are values of governance.registry.incidents; `request_id` names the egress
    request it is about, if it is about one."""

    __tablename__ = "incident"

    id: Mapped[Key]
    kind: Mapped[Name]
    state: Mapped[Name] = mapped_column(index=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    request_id: Mapped[str | None] = mapped_column(ForeignKey("egress_request.id"), index=True)
    opened_by: Mapped[Name]
    opened_at: Mapped[datetime]
    text: Mapped[LongText]
    closed_by: Mapped[Name] = mapped_column(default="")
    closed_at: Mapped[datetime | None]

    notes: Mapped[list[IncidentNote]] = relationship(lazy="selectin", order_by="IncidentNote.id")


class IncidentNote(Base):
    """What was found or done since, append-only."""

    __tablename__ = "incident_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    author: Mapped[Name]
    text: Mapped[LongText]
    written_at: Mapped[datetime]
