"""Tables of the airlock: egress requests, their turns, groups, files, findings, votes, comments and releases."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from governance.store.base import Base, Digest, Key, LongText, Name


class GroupWords:
    """What an author says of files that belong together. `people`: how many people they rest on (n), if said;
    `earlier`: how they relate to what was released before."""

    context: Mapped[LongText] = mapped_column(default="")
    variables: Mapped[LongText] = mapped_column(default="", server_default="")
    population: Mapped[LongText] = mapped_column(default="", server_default="")
    people: Mapped[int | None] = mapped_column(BigInteger)
    controls: Mapped[LongText] = mapped_column(default="")
    earlier: Mapped[LongText] = mapped_column(default="", server_default="")


class EgressRequest(GroupWords, Base):
    """One ask to take files out, or to bring files in (`direction`, which it keeps for life; `purpose`: of what comes
    in). `state` is a value of egress.states; `turn` counts submissions from 1. Its own words
    are of the files that are in no group.

    `controller` let pass what needed a controller in `controlled_turn`. `intended_output_id` is of the project's list
    of intended outputs, else `intended_reason` says why none. `submitted_at`, `due_at`: of the present turn.
    `moved_at`: when the move passed to whoever has it. `problem`: code of the last failed release; `attempts`: tries
    of the present turn; `retry_at`: when the service tries next; `asked_by`: the reviewer on whose behalf.
    """

    __tablename__ = "egress_request"
    __table_args__ = (
        Index("ix_egress_request_queue", "state", "due_at", "id"),
        Index("ix_egress_request_own", "author", "changed_at", "id"),
    )

    id: Mapped[Key]
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    author: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    direction: Mapped[Name] = mapped_column(default="out", server_default="out")
    purpose: Mapped[Name] = mapped_column(default="", server_default="")
    state: Mapped[Name] = mapped_column(index=True)
    turn: Mapped[int] = mapped_column(default=0)
    title: Mapped[Name] = mapped_column(default="")
    intended_output_id: Mapped[int | None]
    intended_reason: Mapped[LongText] = mapped_column(default="", server_default="")
    exception_reason: Mapped[LongText] = mapped_column(default="")
    controller: Mapped[str | None] = mapped_column(ForeignKey("person.subject"))
    controlled_turn: Mapped[int | None]
    problem: Mapped[Name] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    retry_at: Mapped[datetime | None]
    asked_by: Mapped[Name] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    moved_at: Mapped[datetime | None]

    groups: Mapped[list[EgressGroup]] = relationship(lazy="selectin", order_by="EgressGroup.id")
    files: Mapped[list[EgressFile]] = relationship(lazy="selectin", order_by="EgressFile.id")
    comments: Mapped[list[EgressComment]] = relationship(lazy="selectin", order_by="EgressComment.id")

    @validates("direction")
    def _keep_direction(self, key: str, value: str) -> str:
        """What was said at the beginning stays."""
        if getattr(self, key) not in (None, value):
            raise ValueError("a request keeps its direction")
        return value


class EgressGroup(GroupWords, Base):
    """Files of one request that belong together, and what its author says of them. Taken out: `withdrawn_turn`."""

    __tablename__ = "egress_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"), index=True)
    name: Mapped[Name]
    withdrawn_turn: Mapped[int | None]


class EgressTurn(Base):
    """One submission: when, until when it should be answered, and the author's words as they were then (JSON)."""

    __tablename__ = "egress_turn"
    __table_args__ = (UniqueConstraint("request_id", "turn"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"))
    turn: Mapped[int]
    submitted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    words: Mapped[LongText]


class EgressFile(Base):
    """One file of a request by content. `kind`: output (to be released) or supporting (never released).
    A file replaced or taken out in a later turn keeps its row with `withdrawn_turn` set; `replaces_id` is the file that
    this one took the place of. `group_id`: the group of the same request, if any. `cells`: of its tables, as screened.
    """

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
    group_id: Mapped[int | None]
    replaces_id: Mapped[int | None]
    cells: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))

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
    """Bytes that left: the folder in the release store and the sha256 of its manifest. `recall_marked_at`: when the
    store was told of a recall."""

    __tablename__ = "egress_release"

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"), unique=True)
    folder: Mapped[Name]
    manifest_sha256: Mapped[Digest]
    released_at: Mapped[datetime]
    recall_marked_at: Mapped[datetime | None]

    files: Mapped[list[EgressReleasedFile]] = relationship(lazy="selectin", order_by="EgressReleasedFile.id")


class EgressReleasedFile(Base):
    """One file that left: what was approved (the file's own sha256) and what is outside since."""

    __tablename__ = "egress_released_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("egress_release.id"), index=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("egress_file.id"), index=True)
    name: Mapped[Name]
    approved_sha256: Mapped[Digest]
    released_sha256: Mapped[Digest]
    released_size: Mapped[int]


class ReleaseLink(Base):
    """A time-limited way to a release for its author; the token itself is nowhere."""

    __tablename__ = "release_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"), index=True)
    token_sha256: Mapped[Digest] = mapped_column(unique=True)
    made_by: Mapped[Name]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    uses_left: Mapped[int]
    revoked_at: Mapped[datetime | None]
