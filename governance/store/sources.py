"""Table of data sources: whose data there is, under which licence and with whose approval (SATRE 3.1.08)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Key, LongText, Name


class DataSource(Base):
    """One source as its publisher describes it. `connections`, `approvals`: JSON, as in the manifest it came by."""

    __tablename__ = "data_source"

    name: Mapped[Key]
    kind: Mapped[Name]
    title: Mapped[Name]
    description: Mapped[LongText] = mapped_column(default="")
    licence: Mapped[LongText] = mapped_column(default="")
    publisher: Mapped[Name]
    contact: Mapped[Name] = mapped_column(default="")
    contact_role: Mapped[Name] = mapped_column(default="")
    project_slug: Mapped[str | None] = mapped_column(ForeignKey("project.slug"), index=True)
    connections: Mapped[LongText] = mapped_column(default="[]")
    approvals: Mapped[LongText] = mapped_column(default="[]")
    changed_at: Mapped[datetime]
