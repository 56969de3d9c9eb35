"""Tables of people: organisations with their agreements, persons with affiliations, roles and training.

Agreements and affiliations are rows that are never deleted: one counts on each day from `starts_on` to `until` (both
inclusive; None: no end) unless it was withdrawn (governance.standing.periods).
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from governance.roles import OrganisationKind
from governance.store.base import Base, Key, Name


class Organisation(Base):
    """A trusted organisation; one of its agreements must be in force for its people to work. `kind` is a value of
    governance.roles.OrganisationKind; `country` is free text."""

    __tablename__ = "organisation"

    name: Mapped[Key]
    kind: Mapped[Name] = mapped_column(default=OrganisationKind.OTHER.value)
    country: Mapped[Name] = mapped_column(default="", server_default="")

    agreements: Mapped[list[OrganisationAgreement]] = relationship(lazy="selectin", order_by="OrganisationAgreement.id")


class OrganisationAgreement(Base):
    """One agreement with an organisation."""

    __tablename__ = "organisation_agreement"

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_name: Mapped[str] = mapped_column(ForeignKey("organisation.name"), index=True)
    reference: Mapped[Name] = mapped_column(default="")
    starts_on: Mapped[date]
    until: Mapped[date | None]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Person(Base):
    """A registered person. `subject` is the identity provider's immutable claim, matched whole. `organisation_name` is
    the organisation shown beside the name; which ones a person works for is said by `affiliations` alone."""

    __tablename__ = "person"

    subject: Mapped[Key]
    name: Mapped[Name]
    organisation_name: Mapped[str] = mapped_column(ForeignKey("organisation.name"))
    registered_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None]

    affiliations: Mapped[list[Affiliation]] = relationship(lazy="selectin", order_by="Affiliation.id")
    roles: Mapped[list[PersonRole]] = relationship(lazy="selectin", cascade="all, delete-orphan")
    training: Mapped[list[TrainingRecord]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="TrainingRecord.id"
    )


class Affiliation(Base):
    """One person at one organisation. A person may have several."""

    __tablename__ = "affiliation"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    organisation_name: Mapped[str] = mapped_column(ForeignKey("organisation.name"), index=True)
    starts_on: Mapped[date]
    until: Mapped[date | None]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class PersonRole(Base):
    """A role a person holds in the service as a whole (see governance.roles); project roles are memberships."""

    __tablename__ = "person_role"

    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), primary_key=True)
    role: Mapped[Key]


class TrainingRecord(Base):
    """One course taken. `course` is a code of governance.store.training; of each course the newest record that was not
    withdrawn and has begun counts. `expires_on` is inclusive. `issuer` and `certificate`: who says so and under which
    number; `verified_by`: who looked at it here, or empty for what an earlier release wrote."""

    __tablename__ = "training_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    course: Mapped[Name]
    issuer: Mapped[Name] = mapped_column(default="", server_default="")
    certificate: Mapped[Name] = mapped_column(default="")
    taken_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    expires_on: Mapped[date]
    verified_by: Mapped[Name] = mapped_column(default="", server_default="")
    withdrawn_at: Mapped[datetime | None]
