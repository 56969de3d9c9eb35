"""Tables of the airlock: egress requests, their files, findings, votes, comments and releases."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from governance.store.base import Base, Digest, Key, LongText, Name


class EgressRequest(Base):
    """One ask to take files out. `state` is a value of egress.states; `turn` counts submissions from 1.
    `controller` let the FAIL findings of `controlled_turn` pass; `problem` is the code of the last failed release."""

    __tablename__ = "egress_request"

    id: Mapped[Key]
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    author: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    state: Mapped[Name] = mapped_column(index=True)
    turn: Mapped[int] = mapped_column(default=0)
    title: Mapped[Name] = mapped_column(default="")
    context: Mapped[LongText] = mapped_column(default="")
    controls: Mapped[LongText] = mapped_column(default="")
    exception_reason: Mapped[LongText] = mapped_column(default="")
    controller: Mapped[str | None] = mapped_column(ForeignKey("person.subject"))
    controlled_turn: Mapped[int | None]
    problem: Mapped[Name] = mapped_column(default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    files: Mapped[list[EgressFile]] = relationship(lazy="selectin", order_by="EgressFile.id")
    comments: Mapped[list[EgressComment]] = relationship(lazy="selectin", order_by="EgressComment.id")


class EgressFile(Base):
    """One file of a request by content. `kind`: output (to be released) or supporting (never released).
    A file replaced or taken out in a later turn keeps its row with `withdrawn_turn` set."""

    __tablename__ = "egress_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"), index=True)
    name: Mapped[Name]
    kind: Mapped[Name] = mapped_column(default="output")
    sha256: Mapped[Digest]
    size: Mapped[int]
    media_type: Mapped[Name] = mapped_column(default="")
    added_turn: Mapped[int]
    withdrawn_turn: Mapped[int | None]

    findings: Mapped[list[EgressFinding]] = relationship(lazy="selectin", order_by="EgressFinding.id")
    votes: Mapped[list[EgressVote]] = relationship(lazy="selectin", order_by="EgressVote.id")


class EgressFinding(Base):
    """What one automatic check said of one file: PASS, REVIEW or FAIL, where, why and how to mend it."""

    __tablename__ = "egress_finding"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("egress_file.id"), index=True)
    turn: Mapped[int]
    check: Mapped[Name]
    severity: Mapped[Name]
    where: Mapped[LongText] = mapped_column(default="")
    why: Mapped[LongText] = mapped_column(default="")
    fix: Mapped[LongText] = mapped_column(default="")


class EgressVote(Base):
    """One checker on one file, bound to its bytes and to the policy; a later vote of the same checker replaces it
    (`replaced_at`)."""

    __tablename__ = "egress_vote"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("egress_file.id"), index=True)
    checker: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    turn: Mapped[int]
    sha256: Mapped[Digest]
    policy_version: Mapped[Name]
    decision: Mapped[Name]
    voted_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]


class EgressComment(Base):
    """A comment of one turn, append-only. `visibility`: checkers (private) or author (shown at return)."""

    __tablename__ = "egress_comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"), index=True)
    author: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    turn: Mapped[int]
    text: Mapped[LongText]
    visibility: Mapped[Name]
    written_at: Mapped[datetime]


class EgressRelease(Base):
    """Bytes that left: the release area's folder and the sha256 of its manifest."""

    __tablename__ = "egress_release"

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"), unique=True)
    folder: Mapped[Name]
    manifest_sha256: Mapped[Digest]
    released_at: Mapped[datetime]
