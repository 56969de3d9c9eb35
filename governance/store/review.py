"""Tables of the review group: members, rules, rounds with declarations, votes and minutes, controllers' agreements."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Digest, LongText, Name


class ReviewMember(Base):
    """One person in the review group. `kind`: a value of governance.applications.kinds.MemberKind. Both days are
    inclusive; never deleted."""

    __tablename__ = "review_member"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    kind: Mapped[Name]
    starts_on: Mapped[date]
    until: Mapped[date]
    appointed_by: Mapped[Name]
    appointed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ReviewRuleVersion(Base):
    """A rule of review (JSON) as somebody proposed it; in force once somebody else confirmed it, the newest first."""

    __tablename__ = "review_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[LongText]
    proposed_by: Mapped[Name]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[Name] = mapped_column(default="", server_default="")
    confirmed_at: Mapped[datetime | None]


class ReviewRound(Base):
    """One application before the group: the version by number and digest, the rule by version (0: the built-in one).
    `outcome`: a value of kinds.Outcome once concluded. Minutes are immutable once signed."""

    __tablename__ = "review_round"
    __table_args__ = (UniqueConstraint("application_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"))
    number: Mapped[int]
    version: Mapped[int]
    digest: Mapped[Digest]
    rule_version: Mapped[int]
    rule: Mapped[LongText]
    meets_on: Mapped[date]
    opened_by: Mapped[Name]
    opened_at: Mapped[datetime]
    outcome: Mapped[Name] = mapped_column(default="", server_default="")
    concluded_by: Mapped[Name] = mapped_column(default="", server_default="")
    concluded_at: Mapped[datetime | None]
    minutes: Mapped[LongText] = mapped_column(default="", server_default="")
    minutes_sha256: Mapped[Digest] = mapped_column(default="", server_default="")
    signed_by: Mapped[Name] = mapped_column(default="", server_default="")
    signed_at: Mapped[datetime | None]


class ReviewDeclaration(Base):
    """What a member said of their interests in one round; the newest of a member counts."""

    __tablename__ = "review_declaration"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("review_round.id"), index=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    conflicted: Mapped[bool]
    reason: Mapped[LongText]
    declared_at: Mapped[datetime]


class ReviewVote(Base):
    """One member's vote, bound to the version by its digest. A later one, or a conflict declared later, replaces it
    (`replaced_at`). `kind`: as which kind of member."""

    __tablename__ = "review_vote"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("review_round.id"), index=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    kind: Mapped[Name]
    decision: Mapped[Name]
    reason: Mapped[LongText]
    digest: Mapped[Digest]
    voted_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]


class SourceController(Base):
    """An organisation that answers for a source's data. Never deleted."""

    __tablename__ = "source_controller"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[Name] = mapped_column(index=True)
    organisation_name: Mapped[str] = mapped_column(ForeignKey("organisation.name"))
    recorded_by: Mapped[Name]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ControllerDelegate(Base):
    """A person who decides for a contributing controller. Both days are inclusive; never deleted."""

    __tablename__ = "controller_delegate"

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_name: Mapped[str] = mapped_column(ForeignKey("organisation.name"), index=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    starts_on: Mapped[date]
    until: Mapped[date]
    appointed_by: Mapped[Name]
    appointed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ControllerAnswer(Base):
    """What a controller said of one source in one version of an application. `decision`: agree or refuse; `until`: how
    long an agreement holds (inclusive). A later answer replaces it (`replaced_at`)."""

    __tablename__ = "controller_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"), index=True)
    digest: Mapped[Digest]
    source: Mapped[Name]
    organisation_name: Mapped[str] = mapped_column(ForeignKey("organisation.name"))
    delegate: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    decision: Mapped[Name]
    reason: Mapped[LongText]
    until: Mapped[date | None]
    decided_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]
