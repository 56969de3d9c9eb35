"""Tables of what a project was approved by: ethics, impact assessment, legal basis, sponsor, agreements."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Key, LongText, Name


class ProjectApproval(Base):
    """One paper that a project stands on; never deleted. `kind`: a value of governance.roles.ApprovalKind. `party`: the
    sponsor or the contributing controller. It counts from `starts_on` to `until` (inclusive; None: no end) unless it
    was withdrawn. `note` says what a stranger would ask."""

    __tablename__ = "project_approval"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    kind: Mapped[Name]
    reference: Mapped[Name]
    party: Mapped[Name] = mapped_column(default="")
    starts_on: Mapped[date]
    until: Mapped[date | None]
    note: Mapped[LongText] = mapped_column(default="")
    recorded_by: Mapped[Name]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ApprovalRule(Base):
    """Which projects need an approval of this kind: comma-separated values of governance.roles.Purpose, or empty for
    none. A kind without a row is required of every project."""

    __tablename__ = "approval_rule"

    kind: Mapped[Key]
    purposes: Mapped[LongText] = mapped_column(default="")
