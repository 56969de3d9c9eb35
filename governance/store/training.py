"""Tables of courses: which training there is, whom it is required of, whose certificates are trusted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from governance.store.base import Base, Key, LongText, Name


class Course(Base):
    """A course. `months`: how long it holds; 0 means that each certificate says it. `required_for`: comma-separated
    values of governance.roles.Capability, or empty for a course that nothing depends on. Withdrawn, it is required of
    nobody any more."""

    __tablename__ = "course"

    code: Mapped[Key]
    title: Mapped[Name]
    months: Mapped[int] = mapped_column(default=12, server_default=text("12"))
    required_for: Mapped[LongText] = mapped_column(default="", server_default="")
    withdrawn_at: Mapped[datetime | None]

    issuers: Mapped[list[CourseIssuer]] = relationship(lazy="selectin", order_by="CourseIssuer.id")


class CourseIssuer(Base):
    """A third party whose certificates of a course are trusted. `pattern`: a regular expression that the whole number
    of a certificate matches, or empty for any."""

    __tablename__ = "course_issuer"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_code: Mapped[str] = mapped_column(ForeignKey("course.code"), index=True)
    name: Mapped[Name]
    pattern: Mapped[Name] = mapped_column(default="", server_default="")
    withdrawn_at: Mapped[datetime | None]
