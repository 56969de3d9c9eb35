"""Tables of applications for a project: what was asked for in each version, conditions, notices and what is offered.

Promise: a version that was submitted is never changed; votes, agreements and the approval name it by its digest.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Digest, Key, LongText, Name


class Application(Base):
    """One ask for a project, or to change or renew one. `kind` and `state`: values of governance.applications.kinds and
    .states. `version`: the newest; `moves` counts changes of state; `moved_at`: when the move passed to whoever has it.
    `project_slug`: of the project it asks to change, or the one that its approval made."""

    __tablename__ = "application"

    id: Mapped[Key]
    kind: Mapped[Name]
    state: Mapped[Name] = mapped_column(index=True)
    applicant: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    project_slug: Mapped[str | None] = mapped_column(ForeignKey("project.slug"), index=True)
    version: Mapped[int]
    moves: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    moved_at: Mapped[datetime]
    approved_digest: Mapped[Digest] = mapped_column(default="", server_default="")
    approved_by: Mapped[Name] = mapped_column(default="", server_default="")
    approved_at: Mapped[datetime | None]


class ApplicationVersion(Base):
    """The answers as they were (JSON, `governance.applications.answers`). Saves by one person soon after one another
    share a version until it is submitted. `base`: digest of the project that an amendment started from."""

    __tablename__ = "application_version"
    __table_args__ = (UniqueConstraint("application_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"))
    number: Mapped[int]
    document: Mapped[LongText]
    digest: Mapped[Digest]
    base: Mapped[Digest] = mapped_column(default="", server_default="")
    saved_by: Mapped[Name]
    opened_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]


class ApplicationMessage(Base):
    """What was said to the applicant when the move passed to them, and why: append-only."""

    __tablename__ = "application_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"), index=True)
    author: Mapped[Name]
    text: Mapped[LongText]
    written_at: Mapped[datetime]


class ApplicationNotice(Base):
    """One person told once that an application waits for them or has moved. `kind`: a value of
    governance.applications.notices.Kind; `move`: the number of the move. `mail`, `mail_at`: as of Notice."""

    __tablename__ = "application_notice"
    __table_args__ = (
        UniqueConstraint("application_id", "kind", "move", "subject"),
        Index("ix_application_notice_unread", "subject", "read_at", "id"),
        Index("ix_application_notice_mail", "mail", "mail_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"))
    move: Mapped[int]
    kind: Mapped[Name]
    written_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mail: Mapped[Name]
    mail_tries: Mapped[int] = mapped_column(default=0)
    mail_at: Mapped[datetime | None]


class ProjectCondition(Base):
    """A condition of an approval. `blocking`: overdue, it stops the project. `owner` brings the evidence, somebody else
    closes it. In force from the moment the application is approved (`project_slug` is then set)."""

    __tablename__ = "project_condition"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("review_round.id"))
    project_slug: Mapped[str | None] = mapped_column(ForeignKey("project.slug"), index=True)
    text: Mapped[LongText]
    due_on: Mapped[date]
    owner: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    blocking: Mapped[bool]
    written_by: Mapped[Name]
    written_at: Mapped[datetime]
    evidence: Mapped[LongText] = mapped_column(default="", server_default="")
    evidence_at: Mapped[datetime | None]
    closed_by: Mapped[Name] = mapped_column(default="", server_default="")
    closed_at: Mapped[datetime | None]


class OfferedData(Base):
    """What may be applied for, as the intake published it: the catalogue and the sources (JSON). The newest counts."""

    __tablename__ = "offered_data"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[Digest]
    document: Mapped[LongText]
    published_at: Mapped[datetime]


class ExtractOrder(Base):
    """An approval's wish for an extract, for the keeper. `state`: ordered, building, built or failed; `code`, `reason`:
    why it failed, in words of a refusal."""

    __tablename__ = "extract_order"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"), unique=True)
    state: Mapped[Name] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
    code: Mapped[Name] = mapped_column(default="", server_default="")
    reason: Mapped[LongText] = mapped_column(default="", server_default="")
    ordered_at: Mapped[datetime]
    changed_at: Mapped[datetime]
