"""Tables of people: organisations, persons, their roles and their training."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from governance.store.base import Base, Key, Name


class Organisation(Base):
    """A trusted organisation; its agreement must be live for its people to work."""

    __tablename__ = "organisation"

    name: Mapped[Key]
    kind: Mapped[Name] = mapped_column(default="")
    agreement_from: Mapped[date | None]
    agreement_until: Mapped[date | None]


class Person(Base):
    """A registered person. `subject` is the identity provider's immutable claim, matched whole."""

    __tablename__ = "person"

    subject: Mapped[Key]
    name: Mapped[Name]
    organisation_name: Mapped[str] = mapped_column(ForeignKey("organisation.name"))
    registered_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined")
    roles: Mapped[list[PersonRole]] = relationship(lazy="selectin", cascade="all, delete-orphan")
    training: Mapped[list[TrainingRecord]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="TrainingRecord.id"
    )


class PersonRole(Base):
    """A role a person holds in the service as a whole (see governance.roles); project roles are memberships."""

    __tablename__ = "person_role"

    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), primary_key=True)
    role: Mapped[Key]


class TrainingRecord(Base):
    """One course taken. The newest record of a course counts; `expires_on` is inclusive."""

    __tablename__ = "training_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    course: Mapped[Name]
    certificate: Mapped[Name] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    expires_on: Mapped[date]
