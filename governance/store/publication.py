"""Tables of what the public is told of a project beyond its own row. Promise: nothing about a person is in here, and no
row is ever changed into another: the newest description counts, a link taken off keeps its row.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, LongText, Name


class ProjectPublication(Base):
    """What the register of data uses says of a project; the newest row counts. `organisations`: one a line."""

    __tablename__ = "project_publication"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    public_benefit: Mapped[LongText] = mapped_column(default="")
    legal_basis: Mapped[LongText] = mapped_column(default="")
    organisations: Mapped[LongText] = mapped_column(default="")
    sponsor: Mapped[Name] = mapped_column(default="")
    funder: Mapped[Name] = mapped_column(default="")
    recorded_at: Mapped[datetime]


class PublishedOutput(Base):
    """Something that came of a project and can be read by everybody. `link`: https. Taken off: `withdrawn_at`."""

    __tablename__ = "published_output"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    title: Mapped[Name]
    link: Mapped[LongText]
    published_on: Mapped[date]
    added_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
