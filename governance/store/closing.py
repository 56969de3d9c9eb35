"""Tables of a project's close-out: the order, and what each room has done of it. Promise: nothing is ever deleted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Digest, Key, LongText, Name


class CloseOut(Base):
    """The order to close a project. `certificate`: JSON, signed, once every part is done."""

    __tablename__ = "close_out"

    project_slug: Mapped[Key] = mapped_column(ForeignKey("project.slug"), primary_key=True)
    reason: Mapped[LongText]
    ordered_by: Mapped[Name]
    ordered_at: Mapped[datetime]
    certificate: Mapped[LongText] = mapped_column(default="", server_default="")
    certified_at: Mapped[datetime | None]


class CloseOutPart(Base):
    """One part of it, by whom and with what result (JSON: folders, digests, counts). `part`: a value of
    governance.applications.closing.Part."""

    __tablename__ = "close_out_part"
    __table_args__ = (UniqueConstraint("project_slug", "part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("close_out.project_slug"))
    part: Mapped[Name]
    done_by: Mapped[Name]
    done_at: Mapped[datetime]
    facts: Mapped[LongText]
    facts_sha256: Mapped[Digest]
